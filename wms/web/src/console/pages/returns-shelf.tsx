import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t } from "../../lib/i18n.ts";
import { useCommand, useRead } from "../api.ts";
import { time } from "../format.ts";
import { Act, Rows, Said } from "../parts.tsx";
import type { Candidate, Stray } from "../returns.ts";

/** Which order a parcel belongs to: by the words on it, a serial in it, or its tracking number. */
export function FindOrder({ stray, onClose }: { stray: Stray | null; onClose: () => void }) {
  return <Modal opened={stray !== null} onClose={onClose} size="lg" centered title={t("returns.find")}>{stray !== null && <Find stray={stray} onClose={onClose} />}</Modal>;
}

function Find({ stray, onClose }: { stray: Stray; onClose: () => void }) {
  const [by, set] = useState({ words: stray.marks, serial: "", tracking: "" });
  const [asked, ask] = useState(by);
  const found = useRead<Candidate[]>(["returns", "candidates", stray.id, JSON.stringify(asked)], `/returns/shelf/${stray.id}/candidates?${new URLSearchParams(asked).toString()}`);
  const command = useCommand();
  const field = (name: keyof typeof by) => (
    <TextInput label={t(`returns.search_${name}`)} value={by[name]} onChange={(event) => set({ ...by, [name]: event.currentTarget.value })} maxLength={100} />
  );
  return (
    <form onSubmit={(event) => { event.preventDefault(); ask(by); }}>
      <Stack>
        <Text><b>{stray.number}</b> {stray.marks}</Text>
        <Group grow>{field("words")}{field("serial")}{field("tracking")}</Group>
        <Group justify="flex-end"><Button type="submit" variant="default">{t("returns.search")}</Button></Group>
        <Rows
          name="candidates" rows={found.data} problem={found.error} id={(c) => c.order_id} height="36vh" narrow
          columns={[
            { key: "ref", title: t("field.order"), cell: (c) => <b>{c.ref}</b> },
            { key: "to", title: t("returns.sent_to"), wrap: true, cell: (c) => [c.name, c.city, c.country].filter(Boolean).join(", ") },
            { key: "at", title: t("console.when"), right: true, cell: (c) => time(c.shipped_at) },
            { key: "act", title: "", right: true, cell: (c) => <Act label={t("returns.this_one")} onClick={() => command.mutate({ path: `/returns/shelf/${stray.id}/identify`, body: { order_id: c.order_id } }, { onSuccess: onClose })} /> },
          ]}
        />
        <Said problem={command.error} />
      </Stack>
    </form>
  );
}
