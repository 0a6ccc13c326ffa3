import { Anchor, Button, Group, Menu, Select, SegmentedControl, Text, Tooltip } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useRead } from "../api.ts";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { Act, Panel, Rows, State } from "../parts.tsx";
import { useParam } from "../url.ts";

interface Printer {
  code: string;
  kind: string;
  language: string;
  dpi: number;
  width_mm: number;
  height_mm: number;
  stock: string;
  state: string;
  fault: string;
  moved_to: string;
  moved_by: string;
  stations: string[];
  proposed: string;
  choices: string[];
  queued: number;
  handed: number;
  sent: number;
}

interface Job {
  id: string;
  kind: string;
  printer: string;
  home: string;
  ref: string;
  serial: string;
  state: string;
  code: string;
  actor: string;
  reason: string;
  reprint_of: string | null;
  created_at: string;
}

const QUEUE = "queue";
const named = (code: string): string => (code === QUEUE ? t("labels.queue") : code);

const mover = (p: Printer, to: string): Question => ({
  title: to === p.code ? t("labels.move_back", { printer: p.code }) : t("labels.move_to", { printer: named(to) }),
  text: to === QUEUE ? t("labels.move_queue", { printer: p.code }) : t("labels.move_what", { printer: p.code, to }),
  command: () => ({ path: `/labels/printers/${encodeURIComponent(p.code)}/move`, body: { to } }),
});

const again = (job: Job): Question => ({
  title: t("labels.again"),
  text: t("labels.again_what", { serial: job.serial }),
  reason: t("labels.why"),
  danger: job.serial !== "",
  command: (reason) => ({ path: `/labels/jobs/${job.id}/reprint`, body: { reason } }),
});

const sheet = (job: Job, cameOut: boolean): Question => ({
  title: t(cameOut ? "labels.on_paper" : "labels.not_on_paper"),
  text: t("labels.sheet_what"),
  danger: !cameOut,
  command: () => ({ path: `/labels/jobs/${job.id}/sheet`, body: { came_out: cameOut } }),
});

/** Printers and whose work they do, what was printed, and how any label looks on paper. */
export default function LabelsPage() {
  const [state, setState] = useParam("state");
  const [chosen, choose] = useParam("job");
  const [template, setTemplate] = useParam("template");
  const [media, setMedia] = useParam("media");
  const printers = useRead<Printer[]>(["labels", "printers"], "/labels/printers", 5000);
  const jobs = useRead<Job[]>(["labels", "jobs", state], `/labels/jobs?state=${state}`, 5000);
  const templates = useRead<{ kind: string }[]>(["static", "templates"], "/labels/templates");
  const [question, ask] = useState<Question | null>(null);
  const job = jobs.data?.find((one) => one.id === chosen);
  const kinds = (templates.data ?? []).map((one) => ({ value: one.kind, label: word("template", one.kind) }));
  const path = template !== ""
    ? `/api/v1/labels/templates/${template}/preview?printer=${encodeURIComponent(media)}`
    : chosen !== "" ? `/api/v1/labels/jobs/${chosen}/preview` : "";
  return (
    <div className="labels">
      <div>
        <Panel title={t("labels.printers")}>
          <Rows
            name="printers"
            rows={printers.data}
            problem={printers.error}
            id={(p) => p.code}
            height="36vh"
            marked={(p) => p.proposed !== ""}
            narrow
            columns={[
              { key: "code", title: t("console.device"), cell: (p) => <><b>{p.code}</b><Text size="xs" c="dimmed">{p.stations.join(", ") || "–"}</Text></> },
              { key: "state", title: t("field.status"), cell: (p) => <>{p.kind === "office" ? "–" : <State value={p.state} />}{p.fault !== "" && <Text size="xs" className="soon">{word("fault", p.fault)}</Text>}</> },
              { key: "media", title: t("labels.media"), cell: (p) => <>{t("labels.size", { width: number(p.width_mm), height: number(p.height_mm) })}<Text size="xs" c="dimmed">{t("labels.stock", { dpi: p.dpi, stock: word("stock_kind", p.stock) })}</Text></> },
              { key: "at", title: t("labels.prints_at"), cell: (p) => (p.moved_to === "" ? <Text size="sm" c="dimmed">{t("labels.itself")}</Text> : <b className="soon">{named(p.moved_to)}</b>) },
              { key: "waiting", title: t("labels.waiting"), right: true, cell: (p) => number(p.queued + p.handed) },
              { key: "act", title: "", right: true, cell: (p) => <Moves printer={p} ask={ask} /> },
            ]}
          />
        </Panel>
        <Panel
          title={t("labels.jobs")}
          aside={
            <SegmentedControl
              size="xs"
              aria-label={t("labels.filter")}
              value={state}
              onChange={setState}
              data={[{ value: "", label: t("labels.all") }, { value: "open", label: t("labels.open") }, { value: "amiss", label: t("labels.amiss") }]}
            />
          }
        >
          <Rows
            name="jobs"
            rows={jobs.data}
            problem={jobs.error}
            id={(j) => j.id}
            height="40vh"
            marked={(j) => template === "" && j.id === chosen}
            onOpen={(j) => {
              setTemplate("");
              choose(j.id);
            }}
            narrow
            columns={[
              { key: "made", title: t("labels.made"), cell: (j) => time(j.created_at) },
              { key: "kind", title: t("labels.template"), cell: (j) => <>{word("template", j.kind)}<Text size="xs" c="dimmed" className="number">{j.serial || "–"}</Text></> },
              { key: "printer", title: t("labels.prints_at"), cell: (j) => named(j.printer) },
              {
                key: "state", title: t("field.status"), wrap: true, cell: (j) => (
                  <>
                    <State value={j.state} />
                    {j.code !== "" && <Text size="xs" className="soon">{word("fault", j.code)}</Text>}
                    {j.reprint_of !== null && <Text size="xs" c="dimmed">{t("labels.again_by", { reason: j.reason, actor: j.actor })}</Text>}
                    {j.reprint_of === null && j.reason !== "" && <Text size="xs" c="dimmed">{j.reason}</Text>}
                  </>
                ),
              },
              { key: "act", title: "", right: true, cell: (j) => <JobActs job={j} ask={ask} /> },
            ]}
          />
        </Panel>
      </div>
      <Panel title={t("labels.preview")}>
        <Group gap="xs" mb="sm" grow>
          <Select size="xs" placeholder={t("labels.template")} aria-label={t("labels.template")} data={kinds} value={template === "" ? null : template} onChange={(kind) => setTemplate(kind ?? "")} clearable data-testid="template" />
          <Select size="xs" placeholder={t("labels.any")} aria-label={t("labels.on_printer")} data={(printers.data ?? []).filter((p) => p.kind !== "office").map((p) => p.code)} value={media === "" ? null : media} onChange={(code) => setMedia(code ?? "")} clearable disabled={template === ""} />
        </Group>
        {path === "" ? <Text c="dimmed" py="sm">{t("labels.pick")}</Text> : <Picture key={path} path={path} job={template === "" ? job : undefined} />}
      </Panel>
      <Ask question={question} onClose={() => ask(null)} />
    </div>
  );
}

/** One tap proposes, the second confirms; what is proposed stands on the button, the rest behind it. */
function Moves({ printer, ask }: { printer: Printer; ask: (question: Question) => void }) {
  const rest = printer.choices.filter((to) => to !== printer.proposed);
  const label = (to: string): string => (to === printer.code ? t("labels.move_back", { printer: to }) : t("labels.move_to", { printer: named(to) }));
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      {printer.proposed !== "" && (
        <Button size="xs" color="orange" data-testid={`move-${printer.code}`} onClick={() => ask(mover(printer, printer.proposed))}>{label(printer.proposed)}</Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target><Button size="xs" variant="default" px={8} aria-label={`${printer.code} …`}>…</Button></Menu.Target>
        <Menu.Dropdown>
          {rest.map((to) => <Menu.Item key={to} onClick={() => ask(mover(printer, to))}>{label(to)}</Menu.Item>)}
          <Menu.Item onClick={() => ask({ title: t("labels.test"), text: t("labels.test_what", { printer: named(printer.moved_to || printer.code) }), command: () => ({ path: `/labels/printers/${encodeURIComponent(printer.code)}/test`, body: {} }) })}>
            {t("labels.test")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

function JobActs({ job, ask }: { job: Job; ask: (question: Question) => void }) {
  if (job.state === "handed") {
    return (
      <Group gap={4} wrap="nowrap" justify="flex-end">
        <Anchor size="sm" href={`/api/v1/labels/jobs/${job.id}/sheet`} target="_blank" rel="noreferrer" onClick={(event) => event.stopPropagation()}>{t("labels.sheet")}</Anchor>
        <Act label={t("labels.on_paper")} onClick={() => ask(sheet(job, true))} />
        <Tooltip label={t("labels.not_on_paper")}><span><Act label="✕" danger onClick={() => ask(sheet(job, false))} /></span></Tooltip>
      </Group>
    );
  }
  if (!["printed", "failed", "unknown"].includes(job.state)) return null;
  return <Act label={t("labels.again")} onClick={() => ask(again(job))} />;
}

function Picture({ path, job }: { path: string; job: Job | undefined }) {
  const [missing, setMissing] = useState(false);
  if (missing) return <Text c="dimmed" py="sm">{t("labels.no_picture")}</Text>;
  return (
    <>
      {job !== undefined && <Text size="sm" mb="xs"><b>{word("template", job.kind)}</b> {job.serial} · {named(job.printer)} · {word("state", job.state)}</Text>}
      <a className="paper" href={path} target="_blank" rel="noreferrer" title={t("labels.full_size")}>
        <img src={path} alt={t("labels.preview")} data-testid="label-preview" onError={() => setMissing(true)} />
      </a>
    </>
  );
}
