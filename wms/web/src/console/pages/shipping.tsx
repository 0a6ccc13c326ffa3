import { Anchor, Button, FileButton, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useRead } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { Act, Panel, Rows, Said, State } from "../parts.tsx";
import {
  days, limits, money, whose, type CarrierLabel, type GoodsRecord, type Matrix, type Policy, type Service, type SiteRule,
} from "../shipping.ts";
import { useParam } from "../url.ts";
import { TryOut } from "./shipping-try.tsx";

const VIEWS = ["services", "try", "matrix", "labels"] as const;

export default function ShippingPage({ me }: PageProps) {
  const [view, show] = useParam("view", "services");
  const may = me.roles.includes("admin") || me.roles.includes("integration");
  return (
    <Stack>
      <SegmentedControl value={view} onChange={show} data={VIEWS.map((value) => ({ value, label: t(`ship.${value}`) }))} style={{ alignSelf: "flex-start" }} data-testid="views" />
      {view === "services" && <Services may={may} />}
      {view === "try" && <TryOut />}
      {view === "matrix" && <What />}
      {view === "labels" && <Labels lead={me.roles.includes("lead")} />}
    </Stack>
  );
}

function Services({ may }: { may: boolean }) {
  const services = useRead<Service[]>(["shipping", "services"], "/shipping/services");
  const policy = useRead<Policy>(["shipping", "policy"], "/shipping/policy");
  return (
    <>
      <Panel title={t("ship.services")} aside={may ? <LoadCard /> : null}>
        <Rows
          name="services" rows={services.data} problem={services.error} id={(s) => s.code} height="48vh"
          columns={[
            { key: "code", title: t("field.service"), cell: (s) => <b>{s.code}</b> },
            { key: "carrier", title: t("field.carrier"), cell: (s) => `${s.carrier}, ${t(`ship.kind_${s.kind}`)}` },
            { key: "days", title: `${t("ship.days")} ${t("ship.days_hint")}`, cell: (s) => <span title={s.learned.map((l) => t("ship.learned", { ...l, days: days(l.days) })).join("\n")}>{days(s.days)}{s.learned.length > 0 ? " *" : ""}</span> },
            { key: "limits", title: t("ship.limits"), cell: (s) => [`${number(s.weight_max_g / 1000, 1)} kg`, s.length_max_mm ? `${number(s.length_max_mm)} mm` : "", s.sum_max_mm ? `Σ ${number(s.sum_max_mm)} mm` : "", s.girth_max_mm ? `◯ ${number(s.girth_max_mm)} mm` : ""].filter((x) => x !== "").join(", ") },
            { key: "terms", title: t("ship.terms"), cell: (s) => s.terms.join(", ") },
            { key: "countries", title: t("field.country"), wrap: true, cell: (s) => (s.countries.length > 0 ? s.countries.join(", ") : t("ship.everywhere")) },
            { key: "card", title: t("ship.card"), cell: (s) => <CardOf service={s} /> },
            { key: "account", title: t("ship.account"), cell: (s) => (s.account !== "" ? s.account : <span className="soon">{t("ship.no_account")}</span>) },
          ]}
        />
      </Panel>
      <Panel title={t("ship.rules")}>
        {policy.error?.status === 404 ? <Text c="dimmed">{t("ship.no_policy")}</Text> : (
          <Rows
            name="site-rules" rows={policy.data === undefined ? undefined : (policy.data.rules ?? [])} problem={policy.error} id={(r) => r.id} height="30vh"
            columns={[
              { key: "id", title: t("ship.rule"), cell: (r) => r.id },
              { key: "do", title: t("ship.do"), cell: (r) => `${t(`ship.do_${r.do}`)}${r.do === "prefer" ? ` (${money(r.cents ?? 0, policy.data!.currency)})` : ""}` },
              { key: "target", title: t("ship.target"), cell: (r) => whose(r.target) },
              { key: "when", title: t("ship.when"), cell: (r) => when(r, policy.data!.currency) },
              { key: "why", title: t("field.reason"), wrap: true, cell: (r) => r.why },
            ]}
          />
        )}
      </Panel>
    </>
  );
}

function when(rule: SiteRule, currency: string): string {
  const parts = [
    rule.channel ?? "", rule.country ?? "", rule.attribute ? word("goods", rule.attribute) : "",
    rule.value_from_cents ? `≥ ${money(rule.value_from_cents, currency)}` : "", rule.value_below_cents ? `< ${money(rule.value_below_cents, currency)}` : "",
  ].filter((x) => x !== "");
  return parts.length > 0 ? parts.join(", ") : t("ship.all_countries");
}

function CardOf({ service }: { service: Service }) {
  if (service.card === null) return <span className="soon">{t("ship.no_card")}</span>;
  const line = t("ship.card_line", { ...service.card, until: service.card.valid_until });
  return <Anchor href={`/api/v1/shipping/cards/${encodeURIComponent(service.code)}`} target="_blank" c={service.card.expired ? "red" : "dark"} size="sm">{service.card.expired ? `${line}, ${t("ship.expired")}` : line}</Anchor>;
}

/** A rate card from a file: first a dry run that names every faulty row, then the load. */
function LoadCard() {
  const [card, setCard] = useState<{ name: string; body: unknown } | null>(null);
  const [bad, setBad] = useState("");
  const dry = useCommand<{ version: number }>();
  const load = useCommand<{ version: number }>();
  const take = async (file: File | null): Promise<void> => {
    if (file === null) return;
    dry.reset();
    load.reset();
    setBad("");
    try {
      const body: unknown = JSON.parse(await file.text());
      setCard({ name: file.name, body });
      dry.mutate({ path: "/shipping/cards?dry_run=true", body });
    } catch (error) {
      setCard(null);
      setBad(`${file.name}: ${String(error)}`);
    }
  };
  return (
    <Stack gap={4} align="flex-end" maw={640}>
      <Group gap="xs">
        {card !== null && <Text size="sm" c="dimmed">{card.name}</Text>}
        {dry.data && !load.data && <Text size="sm">{t("ship.dry_good", { version: dry.data.version })}</Text>}
        {load.data && <Text size="sm">{t("ship.loaded", { version: load.data.version })}</Text>}
        {dry.data && !load.data && <Button size="xs" color="dark" loading={load.isPending} onClick={() => load.mutate({ path: "/shipping/cards", body: card!.body })}>{t("ship.load_now")}</Button>}
        <FileButton accept="application/json" onChange={(file) => void take(file)}>
          {(props) => <Button {...props} size="xs" variant="default" title={t("ship.load_hint")}>{t("ship.load")}</Button>}
        </FileButton>
      </Group>
      {bad !== "" && <Text size="sm" c="red.9" role="alert">{bad}</Text>}
      <Said problem={dry.error ?? load.error} />
    </Stack>
  );
}

function What() {
  const matrix = useRead<Matrix>(["shipping", "matrix"], "/shipping/matrix");
  const [words, find] = useState("");
  const goods = useRead<GoodsRecord[]>(["shipping", "goods", words], `/shipping/goods?q=${encodeURIComponent(words)}`);
  return (
    <>
      <Panel
        title={t("ship.matrix")}
        aside={matrix.data && <Text size="sm" c={matrix.data.expired ? "red" : "dimmed"}>{t("ship.matrix_version", { version: matrix.data.version, until: matrix.data.valid_until })}{matrix.data.expired ? `, ${t("ship.expired")}` : ""}</Text>}
      >
        {matrix.error?.status === 404 ? <Text c="dimmed">{t("ship.no_matrix")}</Text> : (
          <Rows
            name="matrix" rows={matrix.data?.rules} problem={matrix.error} id={(r) => r.id} height="42vh"
            columns={[
              { key: "id", title: t("ship.rule"), cell: (r) => r.id },
              { key: "attribute", title: t("ship.attribute"), cell: (r) => word("goods", r.attribute) },
              { key: "service", title: t("field.service"), cell: (r) => whose(r.service) },
              { key: "country", title: t("field.country"), cell: (r) => (r.country === undefined || r.country === "*" ? t("ship.all_countries") : r.country) },
              { key: "allowed", title: t("field.status"), cell: (r) => (r.allowed === false ? <span className="soon">{t("ship.banned")}</span> : t("ship.allowed")) },
              { key: "limits", title: t("ship.per_parcel"), cell: limits },
              { key: "papers", title: t("ship.papers"), cell: (r) => (r.papers ?? []).map((p) => word("paper", p)).join(", ") },
              { key: "why", title: t("field.reason"), wrap: true, cell: (r) => r.why ?? "" },
            ]}
          />
        )}
      </Panel>
      <Panel title={t("ship.goods")} aside={<TextInput data-filter aria-label={t("field.sku")} placeholder={t("field.sku")} value={words} onChange={(e) => find(e.currentTarget.value)} w={200} />}>
        <Rows
          name="goods" rows={goods.data} problem={goods.error} id={(g) => g.sku} height="34vh"
          columns={[
            { key: "sku", title: t("field.sku"), cell: (g) => g.sku },
            { key: "name", title: t("field.name"), cell: (g) => g.name },
            { key: "attributes", title: t("ship.attribute"), cell: (g) => g.attributes.map((a) => word("goods", a)).join(", ") },
            { key: "un", title: t("ship.un"), cell: (g) => [g.un_number, g.packing_instruction].filter((x) => x !== "").join(", ") },
            { key: "rating", title: t("ship.limits"), cell: (g) => [g.energy_mwh ? `${g.energy_mwh / 1000} Wh` : "", g.lithium_mg ? `${g.lithium_mg / 1000} g Li` : "", g.cells ? t("ship.lim_cells", { n: g.cells }) : "", g.net_ml ? `${g.net_ml} ml` : ""].filter((x) => x !== "").join(", ") },
            { key: "papers", title: t("ship.papers"), wrap: true, cell: (g) => g.papers.map((p) => <div key={p.kind + p.ref} className={p.expired ? "late" : ""}>{word("paper", p.kind)} {p.ref}, {p.valid_until}{p.expired ? ` (${t("ship.expired")})` : ""}</div>) },
          ]}
        />
      </Panel>
    </>
  );
}

function Labels({ lead }: { lead: boolean }) {
  const [state, setState] = useParam("state");
  const [words, find] = useParam("q");
  const [question, ask] = useState<Question | null>(null);
  const read = useRead<{ labels: CarrierLabel[]; by_state: Record<string, number> }>(["shipping", "labels", state, words], `/shipping/labels?${new URLSearchParams({ state, q: words })}`, 5000);
  const by = read.data?.by_state ?? {};
  return (
    <Panel
      title={t("ship.labels")}
      aside={
        <Group>
          <SegmentedControl size="xs" value={state} onChange={setState} data={[{ value: "", label: t("ship.open_states") }, ...Object.entries(by).filter(([, n]) => n > 0).map(([value, n]) => ({ value, label: `${word("state", value)} (${number(n)})` }))]} />
          <TextInput data-filter aria-label={t("field.tracking")} placeholder={t("field.tracking")} value={words} onChange={(e) => find(e.currentTarget.value.trim(), true)} w={220} />
        </Group>
      }
    >
      <Rows
        name="carrier-labels" rows={read.data?.labels} problem={read.error} id={(l) => l.id}
        columns={[
          { key: "at", title: t("ship.asked"), cell: (l) => time(l.wanted_at) },
          { key: "service", title: t("field.service"), cell: (l) => l.service },
          { key: "tracking", title: t("field.tracking"), cell: (l) => l.tracking },
          { key: "sscc", title: "SSCC", cell: (l) => l.sscc },
          { key: "state", title: t("field.status"), cell: (l) => <State value={l.state} /> },
          { key: "price", title: t("ship.price"), right: true, cell: (l) => (l.price_currency !== "" ? money(l.price_cents, l.price_currency) : "") },
          { key: "expected", title: t("ship.card"), right: true, cell: (l) => (l.expected_currency !== "" ? money(l.expected_cents, l.expected_currency) : "") },
          { key: "why", title: t("field.reason"), wrap: true, cell: (l) => [l.dropped !== "" ? t("ship.dropped", { why: l.dropped }) : "", l.why].filter((x) => x !== "").join("; ") },
          { key: "act", title: "", cell: (l) => (lead ? <Acts label={l} ask={ask} /> : null) },
        ]}
      />
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}

function Acts({ label, ask }: { label: CarrierLabel; ask: (question: Question) => void }) {
  return (
    <Group gap={6} wrap="nowrap">
      {label.tracking !== "" && <Anchor size="sm" href={`/api/v1/shipping/labels/${label.id}/document`} target="_blank">{t("ship.show_label")}</Anchor>}
      {label.state === "bought" && label.dropped === "" && (
        <Act label={t("ship.reprint")} onClick={() => ask({ title: t("ship.reprint"), text: t("ship.reprint_text"), reason: t("field.reason"), command: (reason) => ({ path: `/shipping/parcels/${label.parcel_id}/reprint`, body: { reason } }) })} />
      )}
      {label.state === "bought" && label.dropped !== "" && (
        <Act label={t("ship.settle")} danger onClick={() => ask({ title: t("ship.settle"), text: t("ship.settle_text"), reason: t("field.reason"), danger: true, command: (reason) => ({ path: `/shipping/labels/${label.id}/settle`, body: { reason } }) })} />
      )}
    </Group>
  );
}
