import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { t } from "../../lib/i18n.ts";
import { useCommand, useRead, type Appointment, type Container, type Dock, type Door, type Manifest } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { kilos, number, time } from "../format.ts";
import { Act, Panel, Rows, Said, State } from "../parts.tsx";
import { siteInstant } from "../site-time.ts";

/** Trucks and their doors first, then what waits for them, then what has left. */
export default function DockPage({ me }: PageProps) {
  const dock = useRead<Dock>(["dock"], "/dock/manifests");
  const doors = useRead<Door[]>(["dock", "doors"], "/dock/doors");
  const boxes = useRead<Container[]>(["dock", "containers"], "/dock/containers");
  const [question, ask] = useState<Question | null>(null);
  const [leaving, leave] = useState<Manifest | null>(null);
  const [arriving, arrive] = useState<Appointment | null>(null);
  const [booking, book] = useState(false);
  const may = me.roles.includes("lead");
  const waiting = Object.values(dock.data?.waiting ?? {}).reduce((a, b) => a + b, 0);
  const open = dock.data?.manifests.filter((m) => m.state === "open") ?? [];
  const aboard = open.reduce((sum, m) => sum + m.parcels, 0);
  const late = dock.data?.cutoffs.filter((c) => c.late).reduce((sum, c) => sum + c.ready, 0) ?? 0;
  const soon = (doors.data ?? []).flatMap((d) => d.appointments.filter((a) => a.state === "planned" || a.state === "missed").map((a) => ({ ...a, door: d.code })));
  return (
    <div className="grid">
      <div className="tiles">
        <div className="tile"><b>{number(waiting)}</b><small>{t("dock.parcels_wait")}</small></div>
        <div className="tile"><b>{number(aboard)}</b><small>{t("dock.parcels_aboard")}</small></div>
        <div className={`tile ${late > 0 ? "bad" : ""}`}><b>{number(late)}</b><small>{t("dock.past_cutoff")}</small></div>
        <div className="tile"><b>{number(boxes.data?.length ?? 0)}</b><small>{t("dock.bags_here")}</small></div>
      </div>
      {(doors.data ?? []).length > 0 && (
        <Panel title={t("dock.doors")} aside={may && <Act label={t("dock.book")} onClick={() => book(true)} />}>
          <div className="doors">
            {(doors.data ?? []).map((d) => (
              <div key={d.code} className={`door ${d.truck ? "there" : ""}`} data-testid={`door-${d.code}`}>
                <b>{d.code}</b>
                <span>{d.truck ? `${d.truck.carrier} · ${d.truck.plate}` : t("dock.free")}</span>
                <small>{d.truck ? t("dock.since", { at: time(d.truck.arrived_at) }) : d.name}</small>
              </div>
            ))}
          </div>
          <Rows
            name="appointments"
            rows={soon}
            problem={doors.error}
            id={(a) => a.id}
            columns={[
              { key: "carrier", title: t("field.carrier"), cell: (a) => <b>{a.carrier}</b> },
              { key: "door", title: t("dock.door"), cell: (a) => a.door },
              { key: "from", title: t("dock.from"), right: true, cell: (a) => time(a.starts_at) },
              { key: "until", title: t("dock.until"), right: true, cell: (a) => time(a.ends_at) },
              { key: "state", title: t("field.status"), cell: (a) => <State value={a.late ? "late" : a.state} /> },
              {
                key: "act", title: "", right: true,
                cell: (a) => (
                  <Group justify="flex-end" gap="xs">
                    <Act label={t("dock.arrived")} onClick={() => arrive(a)} />
                    {may && <Act danger label={t("lib.cancel")} onClick={() => ask({
                      title: t("dock.cancel_booking"), text: t("dock.cancel_text", { carrier: a.carrier, door: a.door }), danger: true,
                      command: () => ({ path: `/dock/appointments/${a.id}/cancel` }),
                    })} />}
                  </Group>
                ),
              },
            ]}
          />
        </Panel>
      )}
      <Panel title={t("dock.by_cutoff")}>
        <Rows
          name="cutoffs"
          rows={dock.data?.cutoffs}
          problem={dock.error}
          id={(c) => `${c.carrier} ${c.cutoff_at}`}
          columns={[
            { key: "carrier", title: t("field.carrier"), cell: (c) => <b>{c.carrier}</b> },
            { key: "cutoff", title: t("dock.cutoff"), right: true, cell: (c) => time(c.cutoff_at) },
            { key: "ready", title: t("dock.waits"), right: true, cell: (c) => number(c.ready) },
            { key: "loaded", title: t("dock.aboard"), right: true, cell: (c) => number(c.loaded) },
            { key: "late", title: "", cell: (c) => c.late && <State value="late" /> },
          ]}
        />
      </Panel>
      {(boxes.data ?? []).length > 0 && (
        <Panel title={t("dock.bags")}>
          <Rows
            name="containers"
            rows={boxes.data}
            problem={boxes.error}
            id={(c) => c.id}
            columns={[
              { key: "code", title: t("dock.tag"), cell: (c) => <b>{c.code}</b> },
              { key: "way", title: t("dock.goes"), cell: (c) => [c.carrier, c.service, c.country].filter(Boolean).join(" ") || "–" },
              { key: "state", title: t("field.status"), cell: (c) => <State value={c.state} /> },
              { key: "seal", title: t("dock.seal"), cell: (c) => c.seal || "–" },
              { key: "parcels", title: t("console.parcels"), right: true, cell: (c) => number(c.parcels) },
              { key: "weight", title: t("console.weight"), right: true, cell: (c) => kilos(c.weight_g || c.parcels_g) },
              { key: "on", title: t("dock.on"), cell: (c) => c.on || "–" },
              {
                key: "act", title: "", right: true,
                cell: (c) => may && c.state !== "open" && (
                  <Act label={t("dock.open_again")} onClick={() => ask({
                    title: t("dock.open_again"), text: t("dock.open_text", { bag: c.code, seal: c.seal }), danger: true,
                    command: () => ({ path: "/dock/containers/open", body: { code: c.code } }),
                  })} />
                ),
              },
            ]}
          />
        </Panel>
      )}
      <Panel title={t("console.manifests")}>
        <Rows
          name="manifests"
          rows={dock.data?.manifests}
          problem={dock.error}
          id={(m) => m.id}
          height="calc(100vh - 330px)"
          columns={[
            { key: "carrier", title: t("field.carrier"), cell: (m) => <b>{m.carrier}</b> },
            { key: "state", title: t("field.status"), cell: (m) => <State value={m.state} /> },
            { key: "parcels", title: t("console.parcels"), right: true, cell: (m) => number(m.parcels) },
            { key: "weight", title: t("console.weight"), right: true, cell: (m) => kilos(m.weight_g) },
            { key: "truck", title: t("dock.truck"), cell: (m) => [m.door, m.plate].filter(Boolean).join(" · ") || "–" },
            { key: "closed", title: t("console.closed"), right: true, cell: (m) => time(m.closed_at) },
            { key: "by", title: t("dock.signed"), cell: (m) => m.signed_by || m.closed_by || "–" },
            {
              key: "list", title: t("dock.list"),
              cell: (m) => m.parcels > 0 && (
                <Group gap="xs" wrap="nowrap">
                  <a href={`/api/v1/dock/manifests/${m.id}/handover.pdf`} target="_blank" rel="noreferrer">PDF</a>
                  <a href={`/api/v1/dock/manifests/${m.id}/handover.csv`}>CSV</a>
                </Group>
              ),
            },
            {
              key: "act", title: "", right: true,
              cell: (m) => may && m.state === "open" && (
                <Group justify="flex-end">
                  <Act label={t("console.close_manifest")} disabled={m.parcels === 0} onClick={() => leave(m)} />
                </Group>
              ),
            },
          ]}
        />
      </Panel>
      <Ask question={question} onClose={() => ask(null)} />
      {leaving && <Leave manifest={leaving} doors={doors.data ?? []} onClose={() => leave(null)} />}
      {arriving && <Arrive appointment={arriving} onClose={() => arrive(null)} />}
      {booking && <Book doors={doors.data ?? []} onClose={() => book(false)} />}
    </div>
  );
}

/** The truck leaves: who signs, which seal; parcels that may not leave are named, and taken off first. */
function Leave({ manifest, doors, onClose }: { manifest: Manifest; doors: Door[]; onClose: () => void }) {
  const command = useCommand();
  const [signed, sign] = useState("");
  const [seal, setSeal] = useState("");
  const at = doors.find((d) => d.truck?.carrier === manifest.carrier);
  const stuck = command.error?.code === "dock.still_aboard" && !command.error.params["bagged"] ? String(command.error.params["parcels"]).split(", ") : [];
  const send = (taken_off: string[]): void => command.mutate(
    { path: `/dock/manifests/${encodeURIComponent(manifest.carrier)}/close`, body: { door: at?.code ?? "", seal, signed_by: signed, taken_off } },
    { onSuccess: onClose },
  );
  return (
    <Modal opened onClose={onClose} title={t("console.close_manifest")} centered>
      <form onSubmit={(event) => { event.preventDefault(); send([]); }}>
        <Stack>
          <p>{t("console.close_text", { carrier: manifest.carrier, parcels: manifest.parcels })}</p>
          <TextInput data-autofocus label={t("dock.signs")} value={signed} onChange={(event) => sign(event.currentTarget.value)} maxLength={80} />
          <TextInput label={t("dock.truck_seal")} value={seal} onChange={(event) => setSeal(event.currentTarget.value)} maxLength={40} />
          <Said problem={command.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
            {stuck.length > 0 && <Button color="red" onClick={() => send(stuck)} data-testid="taken-off">{t("dock.taken_off", { n: stuck.length })}</Button>}
            <Button type="submit" color="dark" loading={command.isPending} data-testid="ask-ok">{t("console.close_manifest")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Arrive({ appointment, onClose }: { appointment: Appointment; onClose: () => void }) {
  const command = useCommand();
  const [plate, setPlate] = useState("");
  const [driver, setDriver] = useState("");
  return (
    <Modal opened onClose={onClose} title={t("dock.arrived")} centered>
      <form onSubmit={(event) => {
        event.preventDefault();
        command.mutate({ path: `/dock/appointments/${appointment.id}/arrive`, body: { plate, driver } }, { onSuccess: onClose });
      }}>
        <Stack>
          <TextInput data-autofocus required label={t("dock.plate")} value={plate} onChange={(event) => setPlate(event.currentTarget.value)} maxLength={20} />
          <TextInput label={t("dock.driver")} value={driver} onChange={(event) => setDriver(event.currentTarget.value)} maxLength={80} />
          <Said problem={command.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
            <Button type="submit" color="dark" disabled={plate.trim() === ""} loading={command.isPending} data-testid="ask-ok">{t("dock.arrived")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Book({ doors, onClose }: { doors: Door[]; onClose: () => void }) {
  const command = useCommand();
  const [carrier, setCarrier] = useState("");
  const [door, setDoor] = useState(doors[0]?.code ?? "");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const ready = carrier.trim() !== "" && from !== "" && until !== "";
  return (
    <Modal opened onClose={onClose} title={t("dock.book")} centered>
      <form onSubmit={(event) => {
        event.preventDefault();
        const body = { carrier: carrier.trim(), door, starts_at: siteInstant(from), ends_at: siteInstant(until) };
        command.mutate({ path: "/dock/appointments", body }, { onSuccess: onClose });
      }}>
        <Stack>
          <TextInput data-autofocus required label={t("field.carrier")} value={carrier} onChange={(event) => setCarrier(event.currentTarget.value)} maxLength={40} />
          <label className="picker">{t("dock.door")}
            <select value={door} onChange={(event) => setDoor(event.currentTarget.value)}>{doors.map((d) => <option key={d.code}>{d.code}</option>)}</select>
          </label>
          <TextInput required type="datetime-local" label={t("dock.from")} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput required type="datetime-local" label={t("dock.until")} value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
          <Said problem={command.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{t("lib.cancel")}</Button>
            <Button type="submit" color="dark" disabled={!ready} loading={command.isPending} data-testid="ask-ok">{t("dock.book")}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
