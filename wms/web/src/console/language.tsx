import { SegmentedControl } from "@mantine/core";
import { setLocale, t, useLocale, type Locale } from "../lib/i18n.ts";

export function LanguageSwitch() {
  return (
    <SegmentedControl
      size="xs"
      aria-label={t("lib.language")}
      value={useLocale()}
      onChange={(value) => void setLocale(value as Locale)}
      data={[{ value: "en", label: "EN" }, { value: "zh-CN", label: "中文" }]}
    />
  );
}
