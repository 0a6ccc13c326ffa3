import { Alert, Button, FileInput, Group, List, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand } from "../api.ts";
import { serverNow } from "../live.ts";
import { Said } from "../parts.tsx";
import { siteDay } from "../site-time.ts";

export interface Loadable {
  kind: string;
  path: string;
  /** Header of the file. */
  columns: string;
  /** Asks from when to when it is valid. */
  dated?: boolean;
}

/** A CSV file, tried first: every faulty row and field is named, and nothing is kept until it is good. */
export function Load({ what, onClose }: { what: Loadable | null; onClose: () => void }) {
  return (
    <Modal opened={what !== null} onClose={onClose} title={what && `${t("customs.load_csv")}: ${word("customs_table", what.kind)}`} centered size="lg">
      {what !== null && <Form what={what} onClose={onClose} />}
    </Modal>
  );
}

function Form({ what, onClose }: { what: Loadable; onClose: () => void }) {
  const [csv, setCsv] = useState("");
  const [about, setAbout] = useState({ valid_from: siteDay(serverNow()), valid_until: "", source: "" });
  const [tried, setTried] = useState(false);
  const command = useCommand();
  const answers = what.kind === "answers";
  const faults = (command.error?.params["faults"] as string[] | undefined) ?? [];
  const body = answers ? rowsOf(csv) : { csv, ...(what.dated ? { ...about, valid_until: about.valid_until || null } : {}) };
  const send = (dry: boolean): void =>
    command.mutate({ path: answers ? what.path : `${what.path}?dry_run=${dry}`, body }, { onSuccess: () => (dry ? setTried(true) : onClose()) });
  return (
    <form onSubmit={(event) => { event.preventDefault(); send(!tried && !answers); }}>
      <Stack>
        <Text size="sm">{t("customs.load_text")}</Text>
        <Text size="sm" ff="monospace" style={{ wordBreak: "break-all" }}>{what.columns}</Text>
        <FileInput
          label={t("customs.file")} accept=".csv,text/csv" required
          onChange={(file) => { setTried(false); command.reset(); void file?.text().then(setCsv); }}
        />
        {what.dated && (
          <Group grow>
            <TextInput type="date" required label={t("customs.valid_from")} value={about.valid_from} onChange={(e) => { setTried(false); setAbout({ ...about, valid_from: e.currentTarget.value }); }} />
            <TextInput type="date" label={t("console.valid_until")} value={about.valid_until} onChange={(e) => { setTried(false); setAbout({ ...about, valid_until: e.currentTarget.value }); }} />
          </Group>
        )}
        {what.dated && <TextInput label={t("customs.source")} value={about.source} onChange={(e) => setAbout({ ...about, source: e.currentTarget.value })} />}
        {faults.length > 0 ? <Alert color="red" variant="light" role="alert" title={t("customs.faults", { n: Number(command.error?.params["count"] ?? faults.length) })}><List size="sm">{faults.slice(0, 20).map((f) => <List.Item key={f}>{f}</List.Item>)}</List></Alert> : <Said problem={command.error} />}
        {tried && <Text>{t("customs.tried")}</Text>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
          <Button type="submit" disabled={csv === ""} loading={command.isPending} data-testid="load">{t(tried || answers ? "customs.load" : "customs.try")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Answers of an agent: entry, outcome, text; the text may hold commas. */
function rowsOf(csv: string): { entry: string; outcome: string; text: string }[] {
  return csv.split(/\r?\n/).slice(1).filter((line) => line.trim() !== "").map((line) => {
    const [entry = "", outcome = "", ...text] = line.split(",");
    return { entry: entry.trim(), outcome: outcome.trim(), text: text.join(",").trim() };
  });
}
