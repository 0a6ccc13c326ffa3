import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t } from "../lib/i18n.ts";
import { useCommand, type Command } from "./api.ts";
import { Said } from "./parts.tsx";

export interface Question {
  title: string;
  text?: string;
  /** Asks for words too, and tells what to label them. */
  reason?: string;
  danger?: boolean;
  command: (reason: string) => Command;
}

/** Says what will happen, asks for the reason, and stays until the server has answered. */
export function Ask({ question, onClose }: { question: Question | null; onClose: () => void }) {
  return (
    <Modal opened={question !== null} onClose={onClose} title={question?.title} centered>
      {question !== null && <Form question={question} onClose={onClose} />}
    </Modal>
  );
}

function Form({ question, onClose }: { question: Question; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const command = useCommand();
  const needed = question.reason !== undefined && reason.trim() === "";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!needed) command.mutate(question.command(reason.trim()), { onSuccess: onClose });
      }}
    >
      <Stack>
        {question.text && <Text>{question.text}</Text>}
        {question.reason !== undefined && (
          <TextInput data-autofocus label={question.reason} value={reason} onChange={(event) => setReason(event.currentTarget.value)} maxLength={200} />
        )}
        <Said problem={command.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
          <Button type="submit" color={question.danger ? "red" : "dark"} disabled={needed} loading={command.isPending} data-testid="ask-ok">{question.title}</Button>
        </Group>
      </Stack>
    </form>
  );
}
