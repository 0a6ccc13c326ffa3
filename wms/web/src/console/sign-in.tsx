import { Button, Card, Center, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { post, Problem } from "../lib/http.ts";
import { setLocale, t, type Locale } from "../lib/i18n.ts";
import { LanguageSwitch } from "./language.tsx";
import { Said } from "./parts.tsx";

export function SignIn() {
  const client = useQueryClient();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const who = await post<{ locale: Locale }>("/api/v1/sign-in", { badge: form.get("badge"), pin: form.get("pin"), device: "console" });
      if (localStorage.getItem("wharfinger.locale") === null) await setLocale(who.locale);
      await client.invalidateQueries();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Center mih="100vh" p="md">
      <Card withBorder padding="xl" w={400}>
        <form onSubmit={(event) => { event.preventDefault(); void submit(new FormData(event.currentTarget)); }}>
          <Stack>
            <Title order={1} size="h2">Wharfinger</Title>
            <Text c="dimmed">{t("console.tagline")}</Text>
            <TextInput name="badge" label={t("sign_in.badge_or_login")} required autoFocus autoComplete="username" size="md" />
            <PasswordInput name="pin" label="PIN" required autoComplete="current-password" size="md" />
            <Said problem={problem} />
            <Button type="submit" size="md" loading={busy} data-testid="sign-in">{t("sign_in.go")}</Button>
            <LanguageSwitch />
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
