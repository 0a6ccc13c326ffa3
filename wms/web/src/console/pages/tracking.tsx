import { Anchor, Button, FileButton, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useRead } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { number, span, time } from "../format.ts";
import { useClock } from "../live.ts";
import { Act, Panel, Rows, Said } from "../parts.tsx";
import { money } from "../shipping.ts";
import type { ClaimRow, Fault, Parked, Taken, TrackBoard, TrackParcel } from "../tracking.ts";
import { go, useParam } from "../url.ts";
import { ParcelSheet } from "./tracking-parcel.tsx";
import "./tracking.css";

const VIEWS = ["under_way", "claims", "parked", "load"] as const;

export default function TrackingPage({ me }: PageProps) {
  const [view, show] = useParam("view", "under_way");
  const [parcel] = useParam("parcel");
  const board = useRead<TrackBoard>(["tracking", "board"], "/tracking", 5000);
  const lead = me.roles.includes("lead");
  const views = VIEWS.filter((one) => one !== "load" || lead || me.roles.includes("integration"));
  const count: Record<string, number> = { claims: board.data?.claims ?? 0, parked: board.data?.parked ?? 0 };
  return (
    <Stack>
      <Group justify="space-between">
        <SegmentedControl
          value={view} onChange={show} data-testid="views"
          data={views.map((value) => ({ value, label: count[value] ? `${t(`track.${value}`)} (${number(count[value])})` : t(`track.${value}`) }))}
        />
        {view === "under_way" && <Search />}
      </Group>
      {view === "under_way" && (
        <>
          <Funnel board={board.data} />
          <div className={parcel !== "" ? "tracking with-sheet" : "tracking"}>
            <Parcels />
            {parcel !== "" && <ParcelSheet id={parcel} lead={lead} />}
          </div>
        </>
      )}
      {view === "claims" && <Claims lead={lead} />}
      {view === "parked" && <SetAside />}
      {view === "load" && <LoadFile />}
    </Stack>
  );
}

function Search() {
  const [words, find] = useParam("q");
  return <TextInput data-filter data-testid="track-search" aria-label={t("track.search")} placeholder={t("track.search")} value={words} onChange={(e) => find(e.currentTarget.value.trim(), true)} w={260} />;
}

/** Where parcels are: each step as wide as it holds, what stands still in colour, and how those of 30 days ended. */
function Funnel({ board }: { board: TrackBoard | undefined }) {
  const [chosen, choose] = useParam("milestone");
  if (board === undefined) return null;
  const most = Math.max(1, ...board.funnel.map((f) => f.parcels));
  const pick = (milestone: string): void => choose(chosen === milestone ? "" : milestone);
  return (
    <Panel
      title={t("track.way")}
      aside={
        <Group gap="xs" className="ends">
          {board.late > 0 && <Text size="sm" c="orange.9" fw={600}>{t("track.late")}: {number(board.late)}</Text>}
          <Text size="sm" c="dimmed">{t("track.ends")}:</Text>
          {["delivered", "returned", "damaged", "lost"].filter((end) => board.ends[end]).map((end) => (
            <Button key={end} size="compact-sm" variant={chosen === end ? "filled" : "default"} color={end === "lost" || end === "damaged" ? "red" : "dark"} onClick={() => pick(end)}>
              {word("milestone", end)} {number(board.ends[end]!)}
            </Button>
          ))}
        </Group>
      }
    >
      <div className="funnel" data-testid="funnel">
        {board.funnel.map((f) => (
          <button key={f.milestone} type="button" data-milestone={f.milestone} className={chosen === f.milestone ? "step chosen" : "step"} aria-pressed={chosen === f.milestone} onClick={() => pick(f.milestone)}>
            <span>{word("milestone", f.milestone)}</span>
            <i className={f.parcels > 0 ? "bar" : ""} style={{ width: `${(100 * f.parcels) / most}%` }}>
              {f.stalled > 0 && <i className="still" style={{ width: `${(100 * f.stalled) / f.parcels}%` }} />}
            </i>
            <b>{number(f.parcels)}</b>
            <small>{f.stalled > 0 ? t("track.stalled_of", { n: f.stalled }) : ""}</small>
          </button>
        ))}
      </div>
    </Panel>
  );
}

function Parcels() {
  const [words] = useParam("q");
  const [milestone] = useParam("milestone");
  const [opened, open] = useParam("parcel");
  const now = useClock();
  const asked = words !== "" ? `q=${encodeURIComponent(words)}` : `milestone=${milestone}`;
  const read = useRead<TrackParcel[]>(["tracking", "parcels", asked], `/tracking/parcels?${asked}`, 5000);
  return (
    <Panel title={t("track.under_way")}>
      <Rows
        name="tracking" rows={read.data} problem={read.error} id={(p) => p.parcel_id} height="56vh" narrow={opened !== ""}
        onOpen={(p) => open(opened === p.parcel_id ? "" : p.parcel_id)} marked={(p) => p.parcel_id === opened}
        columns={[
          { key: "tracking", title: t("field.tracking"), cell: (p) => p.tracking },
          { key: "order", title: t("field.order"), cell: (p) => p.ref },
          { key: "service", title: t("field.service"), cell: (p) => `${p.service !== "" ? p.service : p.carrier} → ${p.country}` },
          { key: "last", title: t("track.last"), cell: (p) => <Where parcel={p} /> },
          ...(opened !== "" ? [] : [
            { key: "quiet", title: t("track.quiet"), right: true, cell: (p: TrackParcel) => (p.state === "under_way" ? span(now - Date.parse(p.last_at ?? p.departed_at)) : "") },
            { key: "expected", title: t("track.expected"), cell: (p: TrackParcel) => (p.state === "under_way" ? time(p.expected_at) : time(p.delivered_at)) },
            { key: "promised", title: t("track.promised"), cell: (p: TrackParcel) => <span className={p.delay_told_at !== null ? "late" : ""}>{p.promised_at !== null ? time(p.promised_at) : ""}</span> },
            { key: "bag", title: t("track.bag"), cell: (p: TrackParcel) => [p.bag, p.seal].filter((x) => x !== "").join(", ") },
          ]),
        ]}
      />
    </Panel>
  );
}

function Where({ parcel: p }: { parcel: TrackParcel }) {
  if (p.state === "lost") return <b className="late">{word("milestone", "lost")}{p.presumed ? ` (${t("track.presumed")})` : ""}</b>;
  return (
    <>
      {word("milestone", p.milestone)}
      {p.stalled_at !== null && <b className="late">, {t("track.stalled")}</b>}
      {p.delay_told_at !== null && p.state === "under_way" && <span className="soon">, {t("track.late")}</span>}
    </>
  );
}

function Claims({ lead }: { lead: boolean }) {
  const read = useRead<ClaimRow[]>(["tracking", "claims"], "/tracking/claims", 5000);
  const [question, ask] = useState<Question | null>(null);
  return (
    <Panel title={t("track.claims")}>
      <Rows
        name="claims" rows={read.data} problem={read.error} id={(c) => c.id}
        columns={[
          { key: "number", title: t("track.claim"), cell: (c) => <Anchor size="sm" c="dark" onClick={() => go({ view: "", parcel: c.parcel_id })}>{c.number}</Anchor> },
          { key: "tracking", title: t("field.tracking"), cell: (c) => <>{c.tracking}<br /><Text span size="xs" c="dimmed">{c.ref}, {c.carrier}</Text></> },
          { key: "lost", title: t("track.lost_at"), cell: (c) => <>{time(c.lost_at)}<br /><Text span size="xs" c="dimmed">{word("milestone", c.kind)}{c.presumed ? ` (${t("track.presumed")})` : ""}</Text></> },
          { key: "state", title: t("field.status"), cell: (c) => <b className={c.state === "open" || c.state === "rejected" ? "soon" : ""}>{word("claim", c.state)}</b> },
          { key: "amount", title: t("track.amount"), right: true, cell: (c) => <>{money(c.amount_cents, c.currency)}{c.paid_cents > 0 && <><br /><Text span size="xs" c="dimmed">{t("track.paid")}: {money(c.paid_cents, c.currency)}</Text></>}</> },
          { key: "proof", title: t("track.proof"), cell: (c) => <Proof claim={c} /> },
          { key: "act", title: "", cell: (c) => <ClaimActs claim={c} lead={lead} ask={ask} /> },
        ]}
      />
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}

function Proof({ claim }: { claim: ClaimRow }) {
  const missing = [claim.label ? "" : t("track.label"), claim.weight !== null ? "" : t("track.weight_record")].filter((x) => x !== "");
  return missing.length === 0 ? <>{t("track.proof_all")}</> : <span className="late">{t("track.proof_missing", { what: missing.join(", ") })}</span>;
}

function ClaimActs({ claim: c, lead, ask }: { claim: ClaimRow; lead: boolean; ask: (question: Question) => void }) {
  const path = `/tracking/claims/${c.id}`;
  const said = { number: c.number, carrier: c.carrier, tracking: c.tracking, amount: money(c.amount_cents, c.currency) };
  return (
    <Group gap={6} wrap="nowrap">
      <Anchor size="sm" href={`/api/v1${path}/bundle`}>{t("track.bundle")}</Anchor>
      {lead && ["open", "rejected"].includes(c.state) && <Act label={t("track.send")} onClick={() => ask({ title: t("track.send"), text: t("track.send_text", said), reason: t("track.note"), command: (note) => ({ path: `${path}/send`, body: { note } }) })} />}
      {lead && c.state === "sent" && <Act label={t("track.accept")} onClick={() => ask({ title: t("track.accept"), text: t("track.accept_text", said), reason: t("track.note"), command: (note) => ({ path: `${path}/answer`, body: { accepted: true, note } }) })} />}
      {lead && c.state === "sent" && <Act label={t("track.reject")} danger onClick={() => ask({ title: t("track.reject"), text: t("track.reject_text", said), reason: t("field.reason"), danger: true, command: (note) => ({ path: `${path}/answer`, body: { accepted: false, note } }) })} />}
      {lead && c.state === "accepted" && <Act label={t("track.pay")} onClick={() => ask({ title: t("track.pay"), text: t("track.pay_text", said), command: () => ({ path: `${path}/pay`, body: { amount_cents: c.amount_cents } }) })} />}
      {lead && ["open", "sent", "rejected"].includes(c.state) && <Act label={t("track.drop")} onClick={() => ask({ title: t("track.drop"), text: t("track.drop_text", said), reason: t("field.reason"), danger: true, command: (note) => ({ path: `${path}/drop`, body: { note } }) })} />}
    </Group>
  );
}

const because = (code: string): string => word("parked", code.replace("tracking.", ""));

function SetAside() {
  const read = useRead<Parked[]>(["tracking", "parked"], "/tracking/parked", 5000);
  return (
    <Panel title={t("track.parked")}>
      <Rows
        name="parked" rows={read.data} problem={read.error} id={(e) => e.id}
        columns={[
          { key: "taken", title: t("track.told_at"), cell: (e) => time(e.taken_at) },
          { key: "carrier", title: t("field.carrier"), cell: (e) => e.carrier },
          { key: "tracking", title: t("field.tracking"), cell: (e) => e.tracking },
          { key: "code", title: t("field.status"), cell: (e) => `${word("carrier_scan", e.code)}, ${time(e.at)}` },
          { key: "place", title: t("field.place"), cell: (e) => e.place },
          { key: "why", title: t("track.why_parked"), cell: (e) => because(e.reason) },
        ]}
      />
    </Panel>
  );
}

/** A carrier's file: tried first, every faulty row named, then taken in. */
function LoadFile() {
  const [carrier, setCarrier] = useState("");
  const [file, setFile] = useState<{ name: string; csv: string } | null>(null);
  const tried = useCommand<Taken>();
  const load = useCommand<Taken>();
  const body = { carrier: carrier.trim(), csv: file?.csv ?? "" };
  const take = async (chosen: File | null): Promise<void> => {
    if (chosen === null) return;
    tried.reset();
    load.reset();
    setFile({ name: chosen.name, csv: await chosen.text() });
  };
  const done = load.data ?? tried.data;
  const faults: Fault[] = [...(done?.faults ?? []), ...(done?.parked ?? []).map((f) => ({ ...f, said: `${f.said}: ${because(f.code)}` }))].sort((a, b) => a.row - b.row);
  return (
    <Panel title={t("track.load")}>
      <Text size="sm" c="dimmed" mb="sm">{t("track.file_hint")}</Text>
      <Group align="flex-end" mb="sm">
        <TextInput label={t("field.carrier")} value={carrier} onChange={(e) => { setCarrier(e.currentTarget.value); tried.reset(); }} maxLength={40} data-testid="file-carrier" />
        <FileButton accept=".csv,text/csv" onChange={(chosen) => void take(chosen)}>{(props) => <Button {...props} variant="default">{file?.name ?? t("track.choose")}</Button>}</FileButton>
        <Button color="dark" disabled={file === null || body.carrier === ""} loading={tried.isPending} onClick={() => { load.reset(); tried.mutate({ path: "/tracking/file?dry_run=true", body }); }} data-testid="file-try">{t("track.try")}</Button>
        {tried.data && !load.data && tried.data.fault_count === 0 && tried.data.taken > 0 && (
          <Button color="dark" loading={load.isPending} onClick={() => load.mutate({ path: "/tracking/file?dry_run=false", body })} data-testid="file-take">{t("track.take", { n: tried.data.taken })}</Button>
        )}
      </Group>
      <Said problem={tried.error ?? load.error} />
      {done && <Text fw={600} mb="xs" data-testid="file-said">{t(load.data ? "track.done" : "track.would", { taken: done.taken, known: done.known, parked: done.parked_count, faults: done.fault_count })}</Text>}
      {faults.length > 0 && (
        <Rows
          name="file-faults" rows={faults} id={(f) => `${f.row} ${f.field} ${f.code}`} height="50vh"
          columns={[
            { key: "row", title: t("track.row"), right: true, cell: (f) => number(f.row) },
            { key: "field", title: t("track.column"), cell: (f) => f.field },
            { key: "said", title: t("track.problem"), wrap: true, cell: (f) => f.said },
          ]}
        />
      )}
    </Panel>
  );
}
