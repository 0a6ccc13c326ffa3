import { TextInput } from "@mantine/core";
import { t, word } from "../../lib/i18n.ts";
import { useRead, type StockRow } from "../api.ts";
import { number } from "../format.ts";
import { Panel, Rows, State } from "../parts.tsx";
import { useParam } from "../url.ts";

export default function StockPage() {
  const [words, setWords] = useParam("q");
  const stock = useRead<StockRow[]>(["stock", words], `/stock?${new URLSearchParams({ q: words, limit: "300" })}`);
  return (
    <Panel
      title={t("page.stock")}
      aside={<TextInput data-filter aria-label={t("console.find_stock")} placeholder={t("console.find_stock")} w={320} value={words} onChange={(e) => setWords(e.currentTarget.value, true)} />}
    >
      <Rows
        name="stock"
        rows={stock.data}
        problem={stock.error}
        id={(s) => [s.sku, s.place, s.lot, s.owner, s.status].join("/")}
        columns={[
          { key: "sku", title: t("field.sku"), cell: (s) => s.sku },
          { key: "name", title: t("field.name"), wrap: true, cell: (s) => s.name },
          { key: "place", title: t("console.place"), cell: (s) => s.place },
          { key: "kind", title: t("console.kind"), cell: (s) => word("place", s.place_kind) },
          { key: "status", title: t("field.status"), cell: (s) => <State value={s.status} /> },
          { key: "qty", title: t("console.on_hand"), right: true, cell: (s) => number(s.qty_each) },
          { key: "allocated", title: t("console.promised"), right: true, cell: (s) => number(s.allocated_each) },
          { key: "free", title: t("console.free"), right: true, cell: (s) => number(s.qty_each - s.allocated_each) },
          { key: "lot", title: t("field.lot"), cell: (s) => s.lot || "–" },
          { key: "received", title: t("console.received_on"), cell: (s) => s.received_on ?? "–" },
          { key: "expires", title: t("field.expires_on"), cell: (s) => s.expires_on ?? "–" },
          { key: "owner", title: t("field.owner"), cell: (s) => s.owner },
        ]}
      />
    </Panel>
  );
}
