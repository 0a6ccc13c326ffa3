/** Small pieces that every page uses. */
import { Alert, Badge, Button, Card, Group, Loader, Table, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { Problem } from "../lib/http.ts";
import { t, word } from "../lib/i18n.ts";
import { readable } from "./format.ts";

const ABNORMAL: Record<string, string> = {
  cancelled: "red", backordered: "orange", paused: "orange", offline: "red", lost: "red", fault: "red", faulty: "red", error: "red",
  refused: "red", failed: "red", weight_off: "red", out: "red", stale: "gray", unknown: "gray",
  quarantine: "orange", damaged: "red", blocked: "red", stopped: "orange", count_hold: "orange", degraded: "orange", locked: "red", held: "red", expired: "red",
};

/** Grey while all is well; colour means that someone should look. */
export function State({ value }: { value: string }) {
  const color = ABNORMAL[value];
  return (
    <Badge variant={color === undefined ? "default" : "light"} color={color ?? "gray"} radius="sm" fw={600} tt="none" styles={{ label: { overflow: "visible" } }}>
      {word("state", value)}
    </Badge>
  );
}

export function Panel({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <Card withBorder padding="md" className="panel">
      <Group justify="space-between" mb="sm" wrap="nowrap">
        <Title order={3} size="h5">{title}</Title>
        {aside}
      </Group>
      {children}
    </Card>
  );
}

/** One number that people look for, with what it means. */
export function Figure({ value, label, tone = "", wide, title, bar }: { value: string; label: string; tone?: string; wide?: boolean; title?: string; bar?: number }) {
  return (
    <div className={`figure ${tone} ${wide ? "wide" : ""}`} title={title}>
      <b>{value}</b>
      <small>{label}</small>
      {bar !== undefined && <div className="level"><i style={{ width: `${Math.min(100, 100 * bar)}%` }} /></div>}
    </div>
  );
}

export function Said({ problem }: { problem: Problem | null }) {
  if (problem === null) return null;
  return <Alert color="red" variant="light" role="alert" data-testid="problem">{t(`error.${problem.code}`, readable(problem.params))}</Alert>;
}

export interface Column<T> {
  key: string;
  title: string;
  right?: boolean;
  /** Long words: may take several lines. */
  wrap?: boolean;
  cell: (row: T) => ReactNode;
}

interface TableProps<T> {
  name: string;
  columns: Column<T>[];
  rows: T[] | undefined;
  id: (row: T) => string;
  onOpen?: (row: T) => void;
  marked?: (row: T) => boolean;
  problem?: Problem | null;
  height?: string;
  /** Beside something else: no more width than there is. */
  narrow?: boolean;
}

/** A table whose rows open by click or, from the keyboard, by the button in their first cell. */
export function Rows<T>({ name, columns, rows, id, onOpen, marked, problem, height, narrow }: TableProps<T>) {
  if (problem) return <Missing problem={problem} />;
  if (rows === undefined) return <Loader color="gray" size="sm" />;
  if (rows.length === 0) return <Text c="dimmed" py="sm">{t("console.none")}</Text>;
  return (
    <Table.ScrollContainer minWidth={narrow ? 0 : 480} maxHeight={height ?? "calc(100vh - 230px)"} scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": name } }}>
      <Table highlightOnHover={onOpen !== undefined} stickyHeader verticalSpacing={6} horizontalSpacing={narrow ? 6 : "xs"} data-testid={`table-${name}`} aria-label={name}>
        <Table.Thead>
          <Table.Tr>{columns.map((c) => <Table.Th key={c.key} ta={c.right ? "right" : "left"}>{c.title}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={id(row)} className={[onOpen ? "opens" : "", marked?.(row) ? "marked" : ""].join(" ")} onClick={() => onOpen?.(row)}>
              {columns.map((c, i) => (
                <Table.Td key={c.key} ta={c.right ? "right" : "left"} className={c.wrap ? "wrap" : ""}>
                  {i === 0 && onOpen ? <button className="rowlink" onClick={(event) => { event.stopPropagation(); onOpen(row); }}>{c.cell(row)}</button> : c.cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** A part of the house that this server does not answer for (yet, or not to this role). */
export function Missing({ problem }: { problem: Problem }) {
  if (problem.status === 404) return <Text c="dimmed" py="sm">{t("console.not_here")}</Text>;
  return <Said problem={problem} />;
}

export function Act({ label, onClick, busy, danger, disabled }: { label: string; onClick: () => void; busy?: boolean; danger?: boolean; disabled?: boolean }) {
  return (
    <Button size="xs" variant={danger ? "outline" : "default"} color={danger ? "red" : "dark"} loading={busy ?? false} disabled={disabled ?? false} onClick={(event) => { event.stopPropagation(); onClick(); }}>
      {label}
    </Button>
  );
}
