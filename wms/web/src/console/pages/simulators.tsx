import { Badge, Button, Group, NumberInput, SegmentedControl, Slider, Switch, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { locale, t, word } from "../../lib/i18n.ts";
import { useCommand, useRead, type Command } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { number, span, time } from "../format.ts";
import { Act, Panel, Rows, Said } from "../parts.tsx";
import { useParam } from "../url.ts";
import "./simulators.css";

interface On {
  value: number;
  left_s: number | null;
}

interface Simulated {
  device: string;
  family: string;
  kind: string;
  on: Record<string, On>;
}

export interface Simulators {
  present: boolean;
  devices: Simulated[];
  scenario: { title: Record<string, string>; file: string; steps: number } | null;
}

interface Fault {
  name: string;
  kind: "switch" | "once" | "level";
  what: Record<string, string>;
  sees: Record<string, string>;
  low: number;
  high: number;
  rest: number;
  unit: string;
}

interface Past {
  at: string;
  device: string;
  fault: string;
  value: number;
  for_s: number | null;
  by: string;
}

const said = (texts: Record<string, string>): string => texts[locale()] ?? texts["en"] ?? "";
const path = (device: string, fault: string): string => `/simulators/${encodeURIComponent(device)}/faults/${fault}`;

/** Break a simulated device and see what the floor sees of it. */
export default function SimulatorsPage({ me }: PageProps) {
  const simulators = useRead<Simulators>(["simulators"], "/simulators", 2000);
  const catalogue = useRead<Record<string, Fault[]>>(["static", "fault-catalogue"], "/simulators/catalogue");
  const history = useRead<Past[]>(["simulators", "history"], "/simulators/history", 3000);
  const command = useCommand();
  const [chosen, choose] = useParam("device");
  const devices = simulators.data?.devices ?? [];
  const device = devices.find((one) => one.device === chosen) ?? devices[0];
  const faults = catalogue.data?.[device?.kind ?? ""] ?? [];
  const may = me.roles.includes("supervisor");
  const named = (one: Simulated, name: string): string => said(catalogue.data?.[one.kind]?.find((f) => f.name === name)?.what ?? { en: name });
  const on = devices.flatMap((one) => Object.entries(one.on).map(([name, state]) => ({ one, name, state })));
  const problem = command.error ?? simulators.error ?? catalogue.error;
  return (
    <div className="simulators">
      <Panel title={t("simulators.devices")}>
        <div className="sim-list">
          {devices.map((one) => (
            <UnstyledButton key={one.device} className="sim-device" data-active={one === device} data-testid={`sim-${one.device}`} onClick={() => choose(one.device)}>
              <span><b>{one.device}</b><Text size="xs" c="dimmed">{word("family", one.family)}</Text></span>
              {Object.keys(one.on).length > 0 && <Badge color="orange" variant="filled">{Object.keys(one.on).length}</Badge>}
            </UnstyledButton>
          ))}
        </div>
      </Panel>
      <Panel title={device === undefined ? t("page.simulators") : t("simulators.of", { device: device.device })}>
        <Said problem={problem} />
        {!may && <Text c="dimmed" size="sm" mb="xs">{t("simulators.look_only")}</Text>}
        {device !== undefined && <Faults key={device.device} device={device} faults={faults} may={may} send={command.mutate} />}
      </Panel>
      <div>
        <Panel
          title={t("simulators.on_now")}
          aside={on.length > 0 && may && <Button size="xs" color="dark" data-testid="end-all" onClick={() => command.mutate({ method: "DELETE", path: "/simulators/faults" })}>{t("simulators.end_all")}</Button>}
        >
          {simulators.data?.scenario && <Text size="sm" mb="xs">{t("simulators.scenario", { title: said(simulators.data.scenario.title), steps: simulators.data.scenario.steps })}</Text>}
          {on.length === 0 ? <Text c="dimmed" py="sm">{t("simulators.all_well")}</Text> : on.map(({ one, name, state }) => (
            <div className="sim-on" key={`${one.device}/${name}`}>
              <div>
                <b>{one.device}</b> <Text span size="sm" c="dimmed" className="number">{state.left_s === null ? "" : span(state.left_s * 1000)}</Text>
                <Text size="sm">{named(one, name)}</Text>
              </div>
              {may && <Act label={t("simulators.end")} onClick={() => command.mutate({ method: "DELETE", path: path(one.device, name) })} />}
            </div>
          ))}
        </Panel>
        <Panel title={t("simulators.history")}>
          <Rows
            name="fault-history"
            rows={history.data}
            problem={history.error}
            id={(p) => `${p.at}/${p.device}/${p.fault}`}
            height="40vh"
            narrow
            columns={[
              { key: "at", title: t("simulators.at"), cell: (p) => time(p.at) },
              { key: "device", title: t("console.device"), cell: (p) => p.device },
              {
                key: "what", title: t("simulators.what"), wrap: true, cell: (p) => {
                  const one = devices.find((d) => d.device === p.device);
                  const fault = catalogue.data?.[one?.kind ?? ""]?.find((f) => f.name === p.fault);
                  const ended = fault?.kind !== "once" && p.value === (fault?.rest ?? 0);
                  return <Text size="sm" c={ended ? "dimmed" : undefined!}>{ended ? t("simulators.ended", { what: said(fault?.what ?? { en: p.fault }) }) : said(fault?.what ?? { en: p.fault })}</Text>;
                },
              },
              { key: "by", title: t("console.by"), cell: (p) => (p.by === "scenario" ? t("simulators.by_scenario") : p.by) },
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

const TIMES = [0, 10, 30, 120];

function Faults({ device, faults, may, send }: { device: Simulated; faults: Fault[]; may: boolean; send: (command: Command) => void }) {
  const [forS, setFor] = useState(0);
  const set = (fault: Fault, value: number): void =>
    value === fault.rest && fault.kind !== "once"
      ? send({ method: "DELETE", path: path(device.device, fault.name) })
      : send({ path: path(device.device, fault.name), body: forS > 0 && fault.kind !== "once" ? { value, for_s: forS } : { value } });
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">{t("simulators.lasts")}</Text>
        <SegmentedControl
          size="sm"
          aria-label={t("simulators.lasts")}
          value={String(forS)}
          onChange={(value) => setFor(Number(value))}
          data={TIMES.map((s) => ({ value: String(s), label: s === 0 ? t("simulators.until_ended") : span(s * 1000) }))}
        />
      </Group>
      {faults.map((fault) => (
        <div className="sim-fault" data-kind={fault.kind} key={fault.name} data-on={device.on[fault.name] !== undefined}>
          <div>
            <Text fw={600}>{said(fault.what)}</Text>
            <Text size="sm" c="dimmed">{t("simulators.sees", { what: said(fault.sees) })}</Text>
          </div>
          <Handle fault={fault} value={device.on[fault.name]?.value ?? fault.rest} may={may} set={(value) => set(fault, value)} />
        </div>
      ))}
    </>
  );
}

function Handle({ fault, value, may, set }: { fault: Fault; value: number; may: boolean; set: (value: number) => void }) {
  const label = said(fault.what);
  if (fault.kind === "once") return <Button color="dark" size="md" disabled={!may} aria-label={label} data-testid={`fault-${fault.name}`} onClick={() => set(1)}>{t("simulators.now")}</Button>;
  if (fault.kind === "switch") {
    return <Switch size="xl" color="orange" checked={value !== 0} disabled={!may} aria-label={label} data-testid={`fault-${fault.name}`} onChange={(event) => set(event.currentTarget.checked ? 1 : 0)} />;
  }
  return <Level key={value} fault={fault} value={value} may={may} set={set} />;
}

/** Sent when it is let go or left, not at every step on the way. */
function Level({ fault, value, may, set }: { fault: Fault; value: number; may: boolean; set: (value: number) => void }) {
  const [held, hold] = useState(value);
  const range = fault.high - fault.low;
  const step = range <= 1 ? 0.01 : range <= 20 ? 0.1 : 1;
  const done = (to: number): void => {
    if (to !== value) set(to);
  };
  return (
    <div className="sim-level">
      <Slider
        color={held === fault.rest ? "gray" : "orange"} size="lg" min={fault.low} max={fault.high} step={step} value={held} disabled={!may} thumbLabel={said(fault.what)}
        label={(at) => `${number(at, 2)} ${word("fault_unit", fault.unit)}`} onChange={hold} onChangeEnd={done}
      />
      <NumberInput
        size="sm" w={128} min={fault.low} max={fault.high} step={step} value={held} disabled={!may} suffix={` ${word("fault_unit", fault.unit)}`} hideControls
        aria-label={said(fault.what)} data-testid={`fault-${fault.name}`}
        onChange={(to) => typeof to === "number" && hold(to)} onBlur={() => done(held)} onKeyDown={(event) => event.key === "Enter" && (event.target as HTMLElement).blur()}
      />
    </div>
  );
}
