import { Alert, Button, Group, Modal, NumberInput, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useState, type FormEvent, type ReactNode } from "react";
import { t } from "../../lib/i18n.ts";
import { useCommand, type Order } from "../api.ts";
import { Act, Said } from "../parts.tsx";

const ADDRESS = ["name", "street", "postcode", "city", "country"];
const LINES_UNTIL = ["accepted", "backordered"];
const LABELLED = ["labelled", "loaded"];

/** What a customer may still change: the address until departure, the lines until release. */
export function Change({ order }: { order: Order }) {
  const [form, open] = useState<"address" | "lines" | null>(null);
  const close = (): void => open(null);
  return (
    <>
      <Act label={t("console.change_address")} onClick={() => open("address")} />
      {LINES_UNTIL.includes(order.state) && <Act label={t("console.change_lines")} onClick={() => open("lines")} />}
      <Modal opened={form !== null} onClose={close} title={`${order.ref} · ${t(`console.change_${form ?? "address"}`)}`} size="lg" centered>
        {form === "address" && <Address order={order} onClose={close} />}
        {form === "lines" && <Lines order={order} onClose={close} />}
      </Modal>
    </>
  );
}

interface FormProps {
  order: Order;
  onClose: () => void;
}

function Address({ order, onClose }: FormProps) {
  const [to, setTo] = useState(Object.fromEntries(ADDRESS.map((name) => [name, String(order.destination[name] ?? "")])));
  return (
    <Sheet order={order} onClose={onClose} body={{ destination: { ...order.destination, ...to } }} ready={/^[A-Z]{2}$/.test(to["country"] ?? "")}>
      {LABELLED.includes(order.state) && <Alert color="orange" variant="light">{t("console.change_relabels")}</Alert>}
      <SimpleGrid cols={2}>
        {ADDRESS.map((name) => (
          <TextInput
            key={name} label={t(`address.${name}`)} value={to[name]} maxLength={name === "country" ? 2 : 80} data-testid={`address-${name}`}
            onChange={(e) => {
              const value = e.currentTarget.value;
              setTo((was) => ({ ...was, [name]: name === "country" ? value.toUpperCase() : value }));
            }}
          />
        ))}
      </SimpleGrid>
    </Sheet>
  );
}

function Lines({ order, onClose }: FormProps) {
  const [rows, setRows] = useState(order.lines.map((x) => ({ sku: x.sku, qty_each: x.qty_each })));
  const edit = (at: number, change: Partial<(typeof rows)[number]>): void => setRows(rows.map((row, i) => (i === at ? { ...row, ...change } : row)));
  const ready = rows.length > 0 && rows.every((row) => row.sku.trim() !== "" && row.qty_each >= 1);
  return (
    <Sheet order={order} onClose={onClose} body={{ lines: rows.map((row) => ({ ...row, sku: row.sku.trim() })) }} ready={ready}>
      {rows.map((row, i) => (
        <Group key={i} wrap="nowrap" align="end">
          <TextInput label={i === 0 ? t("field.sku") : undefined} aria-label={t("field.sku")} value={row.sku} onChange={(e) => edit(i, { sku: e.currentTarget.value })} style={{ flex: 1 }} />
          <NumberInput label={i === 0 ? t("console.pieces") : undefined} aria-label={t("console.pieces")} w={120} min={1} allowDecimal={false} value={row.qty_each} onChange={(n) => edit(i, { qty_each: Number(n) })} />
          <Act label={t("console.remove")} danger onClick={() => setRows(rows.filter((_, at) => at !== i))} />
        </Group>
      ))}
      <div><Act label={t("console.add_line")} onClick={() => setRows([...rows, { sku: "", qty_each: 1 }])} /></div>
    </Sheet>
  );
}

function Sheet({ order, onClose, body, ready, children }: FormProps & { body: unknown; ready: boolean; children: ReactNode }) {
  const change = useCommand();
  const send = (event: FormEvent): void => {
    event.preventDefault();
    change.mutate({ method: "PATCH", path: `/orders/${order.id}`, body }, { onSuccess: onClose });
  };
  return (
    <form onSubmit={send}>
      <Stack>
        {children}
        <Said problem={change.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
          <Button type="submit" color="dark" disabled={!ready} loading={change.isPending} data-testid="change-ok">{t("console.save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
