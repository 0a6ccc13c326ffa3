import { CloseButton, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useRead } from "../api.ts";
import { Ask, type Question } from "../ask.tsx";
import { number, span, time } from "../format.ts";
import { Act, Missing, Panel } from "../parts.tsx";
import { money } from "../shipping.ts";
import type { Timeline, TrackEvent } from "../tracking.ts";
import { go } from "../url.ts";

/** A parcel with everything that was told of it, newest first, and what can be done about it. */
export function ParcelSheet({ id, lead }: { id: string; lead: boolean }) {
  const read = useRead<Timeline>(["tracking", "parcel", id], `/tracking/parcels/${id}`, 5000);
  const [question, ask] = useState<Question | null>(null);
  const p = read.data;
  if (read.error) return <Missing problem={read.error} />;
  if (p === undefined) return null;
  const claim = (kind: string, title: string): void => ask({
    title, text: t("track.claim_text", { carrier: p.carrier }), reason: t("field.reason"),
    command: (reason) => ({ path: `/tracking/parcels/${id}/claim`, body: { kind, reason } }),
  });
  const claimed = p.claims.some((c) => c.state !== "dropped");
  return (
    <Panel title={p.tracking} aside={<CloseButton aria-label={t("lib.cancel")} onClick={() => go({ parcel: "" })} />}>
      <Stack gap="sm" data-testid="track-sheet">
        <Text size="sm">
          {p.ref}, {p.carrier} {p.service} → {p.country}{p.bag !== "" ? `, ${p.bag}` : ""}{p.seal !== "" ? ` (${p.seal})` : ""}
        </Text>
        {p.held_at !== null && <Text size="sm" className="late">{t("track.held", { at: time(p.held_at) })}{p.papers_at !== null ? `, ${t("track.papers", { at: time(p.papers_at) })}` : ""}</Text>}
        {p.promised_at !== null && (
          <Text size="sm" className={p.delay_told_at !== null ? "late" : ""}>
            {t("track.promised")}: {time(p.promised_at)}, {t("track.expected")}: {time(p.delivered_at ?? p.expected_at)}
            {p.delay_told_at !== null ? `; ${t("track.late_told")} ${time(p.delay_told_at)}` : ""}
          </Text>
        )}
        <ol className="timeline">
          {[...p.events].reverse().map((event) => <Told key={event.id} event={event} host={p.host_told} />)}
          <li className="reached"><b>{t("track.departed")}</b><time>{time(p.departed_at)}</time></li>
        </ol>
        <Text size="sm" c="dimmed">
          {p.weighed !== null && t("track.weight", { g: number(p.weighed.weight_g), expected: number(p.weighed.expected_g), tolerance: number(p.weighed.tolerance_g) })}
          {p.weighed !== null ? ". " : ""}{t(p.label ? "track.label_kept" : "track.no_label")}.
        </Text>
        <table className="gaps">
          <caption>{t("track.gaps")}</caption>
          <thead><tr><th>{t("track.after")}</th><th>{t("track.typical")}</th><th>{t("track.limit")}</th><th>{t("track.seen")}</th></tr></thead>
          <tbody>
            {p.gaps.map((g) => (
              <tr key={g.after} className={p.state === "under_way" && g.after === p.milestone ? "now" : ""}>
                <td>{word("milestone", g.after)}</td><td>{span(g.typical * 60_000)}</td><td>{span(g.limit * 60_000)}</td><td>{number(g.seen)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {p.claims.map((c) => <Text key={c.id} size="sm" fw={600}>{t("track.claim")} {c.number}: {word("claim", c.state)}, {money(c.amount_cents, c.currency)}</Text>)}
        {lead && !claimed && (
          <Group>
            {p.stalled_at !== null && <Act label={t("track.claim_open")} onClick={() => claim("lost", t("track.claim_open"))} />}
            <Act label={t("track.claim_damaged")} onClick={() => claim("damaged", t("track.claim_damaged"))} />
          </Group>
        )}
      </Stack>
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}

function Told({ event: e, host }: { event: TrackEvent; host: Record<string, string> }) {
  const told = e.milestone !== "" && host[e.milestone] !== undefined && Date.parse(host[e.milestone]!) === Date.parse(e.at);
  const kind = e.state === "parked" ? "aside" : ["lost", "damaged", "customs_hold", "exception"].includes(e.code) ? "bad" : e.milestone !== "" ? "reached" : "";
  return (
    <li className={kind}>
      <b>{word("carrier_scan", e.code)}</b>
      <time>{time(e.at)}</time>
      <small>
        {[e.place, e.text, t(`track.${e.source}`), told ? t("track.told_host") : "", e.state === "parked" ? word("parked", e.reason.replace("tracking.", "")) : ""].filter((x) => x !== "").join(", ")}
      </small>
    </li>
  );
}
