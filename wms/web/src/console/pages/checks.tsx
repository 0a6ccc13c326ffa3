import { Button, Group, Modal, NumberInput, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useRead, type Calibration, type DeviceCheck } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { number, time } from "../format.ts";
import { Act, Panel, Rows, Said, State } from "../parts.tsx";

type Checkable = Calibration["devices"][number];
type Piece = Calibration["pieces"][number];

/** Scales and dimensioners against pieces of known weight and size; the second wrong answer locks the device. */
export function Checks({ me }: PageProps) {
  const board = useRead<Calibration>(["calibration"], "/calibration", 3000);
  const [asked, ask] = useState<Checkable | null>(null);
  const [entering, enter] = useState(false);
  const pieces = board.data?.pieces ?? [];
  return (
    <Panel title={t("console.checks")} aside={me.roles.includes("supervisor") ? <Button onClick={() => enter(true)}>{t("console.new_piece")}</Button> : undefined}>
      <Rows
        name="checks" rows={board.data?.devices} problem={board.error} id={(d) => `${d.device}/${d.measure}`} height="36vh" marked={(d) => d.locked !== ""}
        columns={[
          { key: "device", title: t("console.device"), cell: (d) => <b>{d.device}</b> },
          { key: "measure", title: t("console.measure"), cell: (d) => word("measure", d.measure) },
          { key: "stations", title: t("console.station"), cell: (d) => d.stations.join(", ") },
          { key: "state", title: t("field.status"), cell: (d) => <State value={d.locked !== "" ? "locked" : (d.last?.state ?? "no_data")} /> },
          { key: "piece", title: t("console.check_piece"), cell: (d) => d.last?.piece ?? "–" },
          { key: "reference", title: t("console.reference"), right: true, cell: (d) => values(d, d.last?.reference) },
          { key: "measured", title: t("console.measured"), right: true, cell: (d) => values(d, d.last?.measured) },
          { key: "error", title: t("console.error_of"), right: true, wrap: true, cell: (d) => told(d.last) },
          { key: "at", title: t("console.checked_at"), right: true, cell: (d) => (d.last === null ? "–" : time(d.last.asked_at)) },
          {
            key: "act", title: "", right: true,
            cell: (d) => <Act label={t("console.check_now")} disabled={d.last?.state === "asked" || !fitting(d, pieces).length} onClick={() => ask(d)} />,
          },
        ]}
      />
      {board.data && pieces.length === 0 && <Text size="sm" c="dimmed">{t("console.no_pieces")}</Text>}
      <Modal opened={asked !== null} onClose={() => ask(null)} title={asked && `${t("console.check_now")}: ${asked.device}`} centered>
        {asked && <CheckForm device={asked} pieces={fitting(asked, pieces)} onClose={() => ask(null)} />}
      </Modal>
      <Modal opened={entering} onClose={() => enter(false)} title={t("console.new_piece")} centered>
        {entering && <PieceForm onClose={() => enter(false)} />}
      </Modal>
    </Panel>
  );
}

const values = (d: Checkable, found: number[] | undefined): string =>
  found && found.length > 0 ? `${found.map((v) => number(v)).join(" × ")} ${d.measure === "weight" ? "g" : "mm"}` : "–";

function told(last: DeviceCheck | null) {
  if (last === null || last.state === "asked") return "–";
  if (last.state === "void") return last.why;
  return <span className={last.state === "failed" ? "soon" : ""}>{number(last.error_pct, 2)} %, {t("console.allowed")} {number(last.allowed_pct, 2)} %</span>;
}

const fitting = (d: Checkable, pieces: Piece[]): Piece[] =>
  pieces.filter((p) => (d.measure === "weight" ? p.weight_g > 0 : Math.min(p.length_mm, p.width_mm, p.height_mm) > 0));

function CheckForm({ device, pieces, onClose }: { device: Checkable; pieces: Piece[]; onClose: () => void }) {
  const [piece, choose] = useState(pieces[0]?.code ?? "");
  const command = useCommand();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        command.mutate({ path: "/calibration/checks", body: { device: device.device, measure: device.measure, piece } }, { onSuccess: onClose });
      }}
    >
      <Stack>
        <Select label={t("console.check_piece")} data={pieces.map((p) => p.code)} value={piece} onChange={(code) => choose(code ?? "")} allowDeselect={false} data-autofocus />
        <Text>{t("console.check_text", { piece, device: device.device })}</Text>
        <Said problem={command.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
          <Button type="submit" loading={command.isPending} data-testid="start-check">{t("console.check_now")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function PieceForm({ onClose }: { onClose: () => void }) {
  const [piece, set] = useState({ code: "", weight_g: 0, length_mm: 0, width_mm: 0, height_mm: 0, certificate: "", valid_until: "" });
  const command = useCommand();
  const size = (name: "weight_g" | "length_mm" | "width_mm" | "height_mm") => (
    <NumberInput label={t(`field.${name}`)} min={0} value={piece[name]} onChange={(v) => set({ ...piece, [name]: Number(v) || 0 })} />
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        command.mutate({ path: "/calibration/pieces", body: { ...piece, valid_until: piece.valid_until || null } }, { onSuccess: onClose });
      }}
    >
      <Stack>
        <TextInput label={t("console.check_piece")} required data-autofocus value={piece.code} onChange={(e) => set({ ...piece, code: e.currentTarget.value })} />
        <SimpleGrid cols={2}>{size("weight_g")}{size("length_mm")}{size("width_mm")}{size("height_mm")}</SimpleGrid>
        <TextInput label={t("console.certificate")} value={piece.certificate} onChange={(e) => set({ ...piece, certificate: e.currentTarget.value })} />
        <TextInput type="date" label={t("console.valid_until")} value={piece.valid_until} onChange={(e) => set({ ...piece, valid_until: e.currentTarget.value })} />
        <Said problem={command.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
          <Button type="submit" loading={command.isPending} data-testid="save-piece">{t("lib.save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
