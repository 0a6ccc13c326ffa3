import { Button, Checkbox, Group, Loader, Modal, MultiSelect, NumberInput, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { t } from "../../lib/i18n.ts";
import { useCommand, useRead } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Act, Figure, Panel, Said, State } from "../parts.tsx";

type Sides = [number, number, number];

interface Carton {
  code: string;
  inner_mm: Sides;
  outer_mm: Sides;
  bag: boolean;
}

interface Served {
  fill: number;
  cost: number;
  alone: number;
  parcels: number;
}

interface Proposal {
  id: string;
  state: string;
  why: string;
  asked_by: string;
  asked_at: string;
  decided_by: string;
  decided_at: string | null;
  ask: { sizes: number; days: number; locked: string[]; billed: boolean };
  made: { sizes?: { inner_mm: Sides; outer_mm: Sides; parcels: number; locked: string }[]; now?: Served; proposed?: Served; saved_pct?: number; unit?: string };
}

interface Assortment {
  cartons: Carton[];
  proposals: Proposal[];
}

interface Baseline {
  value: number | null;
  shown: string;
  why_not: string;
}

const percent = (share: number): string => `${number(100 * share, 1)} %`;

/** The carton sizes of the site, and what other sizes would save on parcels that they were not chosen by. */
export default function AssortmentPage({ me }: PageProps) {
  const read = useRead<Assortment>(["assortment"], "/assortment", 4000);
  const baseline = useRead<Baseline>(["assortment", "baseline"], "/assortment/baseline", 60_000);
  const [accepting, accept] = useState<Proposal | null>(null);
  const command = useCommand();
  const may = me.roles.includes("supervisor") || me.roles.includes("admin");
  if (read.data === undefined) return read.error === null ? <Loader color="gray" /> : <Said problem={read.error} />;
  const { proposals } = read.data;
  const [cartons, bags] = [read.data.cartons.filter((c) => !c.bag), read.data.cartons.filter((c) => c.bag)];
  const longest = Math.max(1, ...[...read.data.cartons, ...proposals.flatMap((p) => p.made.sizes ?? [])].map((c) => Math.max(...c.inner_mm)));
  return (
    <div className="grid">
      <Panel title={t("assortment.today")} aside={baseline.data && <Text size="sm" c="dimmed">{t("assortment.baseline", { shown: baseline.data.shown, why: inWords(baseline.data.why_not) })}</Text>}>
        <Boxes boxes={[...cartons, ...bags].map((c) => ({ size: c.inner_mm, title: c.code, told: c.bag ? t("assortment.bag") : "" }))} longest={longest} />
      </Panel>
      {may && <Panel title={t("assortment.ask")}><Ask cartons={cartons} /></Panel>}
      <Said problem={command.error} />
      {proposals.map((p) => (
        <Panel key={p.id} title={t("assortment.proposal", { sizes: p.ask.sizes, days: p.ask.days })} aside={<Group gap="sm"><Text size="sm" c="dimmed">{p.asked_by}, {time(p.asked_at)}</Text><State value={p.state} /></Group>}>
          {p.state === "failed" && <Text>{t("assortment.failed", { why: inWords(p.why) })}</Text>}
          {p.state === "asked" && <Group><Loader size="sm" color="gray" /><Text c="dimmed">{t("assortment.choosing")}</Text></Group>}
          {p.made.sizes !== undefined && <Made proposal={p} longest={longest} />}
          {may && (p.state === "ready" || p.state === "failed" || p.state === "asked") && (
            <Group justify="flex-end" mt="sm">
              <Act label={t("assortment.dismiss")} busy={command.isPending} onClick={() => command.mutate({ path: `/assortment/${p.id}/dismiss` })} />
              {p.state === "ready" && <Button size="xs" color="dark" data-testid="accept" onClick={() => accept(p)}>{t("assortment.accept")}</Button>}
            </Group>
          )}
        </Panel>
      ))}
      {accepting !== null && <Accept proposal={accepting} cartons={cartons} onClose={() => accept(null)} />}
    </div>
  );
}

function Ask({ cartons }: { cartons: Carton[] }) {
  const command = useCommand();
  const [ask, set] = useState({ sizes: 6, days: 90, locked: [] as string[], billed: false, inch: false, wall_mm: 4 });
  return (
    <>
      <Group align="end">
        <NumberInput w={110} label={t("assortment.sizes")} min={1} max={40} value={ask.sizes} onChange={(v) => set({ ...ask, sizes: Number(v) || 1 })} data-testid="sizes" />
        <NumberInput w={130} label={t("assortment.days")} min={1} max={730} value={ask.days} onChange={(v) => set({ ...ask, days: Number(v) || 1 })} />
        <NumberInput w={130} label={t("assortment.wall")} min={0} max={30} value={ask.wall_mm} onChange={(v) => set({ ...ask, wall_mm: Number(v) || 0 })} />
        <MultiSelect miw={220} label={t("assortment.locked")} data={cartons.map((c) => c.code)} value={ask.locked} onChange={(locked) => set({ ...ask, locked })} />
        <Stack gap={4}>
          <Checkbox label={t("assortment.billed")} checked={ask.billed} onChange={(event) => set({ ...ask, billed: event.currentTarget.checked })} />
          <Checkbox label={t("assortment.inch")} checked={ask.inch} onChange={(event) => set({ ...ask, inch: event.currentTarget.checked })} />
        </Stack>
        <Button color="dark" loading={command.isPending} data-testid="choose" onClick={() => command.mutate({ path: "/assortment", body: ask })}>{t("assortment.choose")}</Button>
      </Group>
      <Said problem={command.error} />
    </>
  );
}

function Made({ proposal, longest }: { proposal: Proposal; longest: number }) {
  const { sizes = [], now, proposed, saved_pct = 0, unit = "l" } = proposal.made;
  if (now === undefined || proposed === undefined) return null;
  return (
    <>
      <Group gap="xl" mb="sm">
        <Figure value={`${number(saved_pct, 1)} %`} label={t(unit === "lb" ? "assortment.saved_lb" : "assortment.saved_l")} tone={saved_pct > 0 ? "" : "warn"} />
        <Figure value={percent(proposed.fill)} label={t("assortment.fill", { now: percent(now.fill) })} />
        <Figure value={`${number(proposed.cost)} ${unit}`} label={t("assortment.cost", { now: `${number(now.cost)} ${unit}` })} />
        <Figure value={number(proposed.alone)} label={t("assortment.alone", { now: now.alone })} />
        <Figure value={number(proposed.parcels)} label={t("assortment.unseen")} />
      </Group>
      <Boxes boxes={sizes.map((s) => ({ size: s.inner_mm, title: s.locked, told: t("assortment.parcels", { count: s.parcels }) }))} longest={longest} />
    </>
  );
}

/** Which cartons go: all that the chosen sizes take the place of, unless they stay by choice. */
function Accept({ proposal, cartons, onClose }: { proposal: Proposal; cartons: Carton[]; onClose: () => void }) {
  const same = (a: Sides, b: Sides): boolean => [...a].sort((x, y) => x - y).join() === [...b].sort((x, y) => x - y).join();
  const sizes = proposal.made.sizes ?? [];
  const loose = cartons.filter((c) => !sizes.some((s) => s.locked === c.code || same(s.inner_mm, c.inner_mm)));
  const [retire, set] = useState(loose.map((c) => c.code));
  const command = useCommand();
  const fresh = sizes.filter((s) => !cartons.some((c) => same(s.inner_mm, c.inner_mm)));
  return (
    <Modal opened onClose={onClose} title={t("assortment.accept")} centered>
      <Stack>
        <Text>{t("assortment.creates", { sizes: fresh.map((s) => s.inner_mm.join(" × ")).join(", ") || "–" })}</Text>
        <MultiSelect label={t("assortment.retires")} description={t("assortment.retires_hint")} data={loose.map((c) => c.code)} value={retire} onChange={set} />
        <Said problem={command.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
          <Button color="dark" loading={command.isPending} data-testid="accept-ok" onClick={() => command.mutate({ path: `/assortment/${proposal.id}/accept`, body: { retire } }, { onSuccess: onClose })}>{t("assortment.accept")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

interface Drawn {
  size: Sides;
  title: string;
  told: string;
}

/** Cartons side by side; all of the page to one scale. */
function Boxes({ boxes, longest }: { boxes: Drawn[]; longest: number }) {
  const scale = 130 / longest;
  const tall = Math.max(1, ...boxes.map((b) => (0.45 * b.size[1] + b.size[2]) * scale)) + 6;
  return (
    <div className="cartons" data-testid="cartons">
      {boxes.map((b, i) => <Box key={i} box={b} scale={scale} tall={tall} />)}
    </div>
  );
}

function Box({ box, scale, tall }: { box: Drawn; scale: number; tall: number }) {
  const [w, d, h] = [box.size[0] * scale, 0.45 * box.size[1] * scale, box.size[2] * scale];
  const floor = tall - 3;
  const sides = box.size.filter((s) => s > 0).join(" × "); // a bag lies flat
  return (
    <figure>
      <svg width={w + d + 6} height={tall} role="img" aria-label={sides}>
        <path d={`M3,${floor} h${w} v${-h} h${-w} z`} fill="#d9b382" stroke="#5b4022" />
        <path d={`M3,${floor - h} l${d},${-d} h${w} l${-d},${d} z`} fill="#ecd3ad" stroke="#5b4022" />
        <path d={`M${3 + w},${floor} l${d},${-d} v${-h} l${-d},${d} z`} fill="#b98f5b" stroke="#5b4022" />
      </svg>
      <figcaption>
        {box.title !== "" && <b>{box.title}</b>}
        <span>{sides}</span>
        {box.told !== "" && <small>{box.told}</small>}
      </figcaption>
    </figure>
  );
}
