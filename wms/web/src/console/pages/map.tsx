import { Loader, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useFloor, useRead, type Fleet, type Floor, type StockRow } from "../api.ts";
import type { Spot } from "../floor-canvas.ts";
import { standing } from "../floor-canvas.ts";
import { FloorMap } from "../floor-map.tsx";
import { number } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Panel, Rows, Said, State } from "../parts.tsx";
import { useParam } from "../url.ts";

export default function MapPage() {
  const floor = useFloor();
  const fleet = useRead<Fleet>(["fleet"], "/fleet", 1000);
  const [chosen, choose] = useParam("at");
  const [hovered, setHovered] = useState<Spot | undefined>();
  if (floor.data === undefined) return floor.error ? <Said problem={floor.error} /> : <Loader color="gray" />;
  return (
    <div className="map">
      <FloorMap floor={floor.data} vehicles={fleet.data?.vehicles ?? []} chosen={chosen} onChoose={choose} onHover={setHovered} />
      <aside>
        <Stack gap="sm">
          <Find floor={floor.data} chosen={chosen} choose={choose} />
          <Text size="sm" c="dimmed" mih={22}>
            {hovered === undefined ? t("console.map_hint") : `${hovered.places.map((p) => p.code).join(" · ")} (${word("place", hovered.kind)})`}
          </Text>
          {chosen !== "" && <Content floor={floor.data} code={chosen} />}
          <Panel title={t("console.vehicles")}>
            <Rows
              name="vehicles"
              rows={fleet.data?.vehicles}
              id={(v) => v.device}
              height="240px"
              narrow
              columns={[
                { key: "device", title: t("console.device"), cell: (v) => v.device },
                { key: "state", title: t("field.status"), cell: (v) => <State value={standing(v)} /> },
                { key: "node", title: t("console.at_node"), cell: (v) => v.last_node || "–" },
                { key: "battery", title: "%", right: true, cell: (v) => number(v.battery_pct) },
              ]}
            />
          </Panel>
          <Panel title={t("console.transports")}>
            <Rows
              name="transports"
              rows={fleet.data?.transports}
              id={(x) => x.id}
              height="240px"
              narrow
              columns={[
                { key: "purpose", title: t("console.purpose"), cell: (x) => word("purpose", x.purpose) },
                { key: "state", title: t("field.status"), cell: (x) => <State value={x.state} /> },
                { key: "why", title: t("console.why"), wrap: true, cell: (x) => x.vehicle || inWords(x.why) || "–" },
              ]}
            />
          </Panel>
        </Stack>
      </aside>
    </div>
  );
}

function Find({ floor, chosen, choose }: { floor: Floor; chosen: string; choose: (code: string) => void }) {
  return (
    <>
      <TextInput
        data-filter
        list="places"
        label={t("console.find_place")}
        defaultValue={chosen}
        key={chosen}
        onChange={(e) => {
          const code = e.currentTarget.value.trim().toUpperCase();
          if (floor.locations.some((p) => p.code === code)) choose(code);
        }}
      />
      <datalist id="places">{floor.locations.map((p) => <option key={p.code} value={p.code} />)}</datalist>
    </>
  );
}

/** Everything that lies at this spot, level by level. */
function Content({ floor, code }: { floor: Floor; code: string }) {
  const place = floor.locations.find((p) => p.code === code);
  const stack = floor.locations.filter((p) => p.x_mm === place?.x_mm && p.y_mm === place?.y_mm);
  const stem = stack.length > 1 ? code.replace(/[^-]+$/, "") : code;
  const stock = useRead<StockRow[]>(["stock", "at", stem], `/stock?${new URLSearchParams({ q: stem, limit: "200" })}`);
  const codes = new Set(stack.map((p) => p.code));
  return (
    <Panel title={stack.length > 1 ? `${stem}1–${stack.length}` : code} aside={<Text size="sm" c="dimmed">{word("place", place?.kind ?? "")} · {t("field.zone")} {place?.zone}</Text>}>
      <Rows
        name="content"
        rows={stock.data?.filter((s) => codes.has(s.place))}
        problem={stock.error}
        id={(s) => [s.place, s.sku, s.lot, s.status].join("/")}
        height="300px"
        narrow
        columns={[
          { key: "place", title: t("field.location"), cell: (s) => s.place },
          { key: "sku", title: t("field.sku"), cell: (s) => s.sku },
          { key: "qty", title: t("console.on_hand"), right: true, cell: (s) => number(s.qty_each) },
          { key: "free", title: t("console.free"), right: true, cell: (s) => number(s.qty_each - s.allocated_each) },
        ]}
      />
    </Panel>
  );
}
