import "@mantine/core/styles.css";
import "./console.css";
import { createTheme, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { Problem } from "../lib/http.ts";
import { startTexts } from "../lib/i18n.ts";
import { App } from "./app.tsx";

const FONT = 'system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif';
const theme = createTheme({ primaryColor: "dark", fontFamily: FONT, headings: { fontFamily: FONT, fontWeight: "650" }, defaultRadius: "sm" });
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      refetchInterval: 10_000,
      // Also without a network: only a request that fails tells that the server is gone, and when it is back.
      networkMode: "always",
      retry: (count, error) => !(error instanceof Problem && error.status >= 400 && error.status < 500) && count < 2,
    },
  },
});

await startTexts({ en: () => import("../lib/texts/en.json"), "zh-CN": () => import("../lib/texts/zh-CN.json") });
createRoot(document.getElementById("root")!).render(
  <MantineProvider theme={theme} defaultColorScheme="light">
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </MantineProvider>,
);
