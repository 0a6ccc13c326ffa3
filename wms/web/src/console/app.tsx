import { AppShell, Badge, Button, Center, Group, Loader, NavLink, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { post } from "../lib/http.ts";
import { t, useLocale } from "../lib/i18n.ts";
import { useMe, useRead, type Incident, type Me } from "./api.ts";
import { span, time } from "./format.ts";
import { LanguageSwitch } from "./language.tsx";
import { setServerNow, useClock, useLive, type Live } from "./live.ts";
import { SignIn } from "./sign-in.tsx";
import { setZone } from "./site-time.ts";
import { open, useParam } from "./url.ts";

const PAGES = {
  overview: lazy(() => import("./pages/overview.tsx")),
  orders: lazy(() => import("./pages/orders.tsx")),
  waves: lazy(() => import("./pages/waves.tsx")),
  release: lazy(() => import("./pages/release.tsx")),
  map: lazy(() => import("./pages/map.tsx")),
  stock: lazy(() => import("./pages/stock.tsx")),
  incidents: lazy(() => import("./pages/incidents.tsx")),
  devices: lazy(() => import("./pages/devices.tsx")),
  counts: lazy(() => import("./pages/counts.tsx")),
  shipping: lazy(() => import("./pages/shipping.tsx")),
  warehouses: lazy(() => import("./pages/warehouses.tsx")),
  dock: lazy(() => import("./pages/dock.tsx")),
  tracking: lazy(() => import("./pages/tracking.tsx")),
  customs: lazy(() => import("./pages/customs.tsx")),
  returns: lazy(() => import("./pages/returns.tsx")),
  shift: lazy(() => import("./pages/shift.tsx")),
  slotting: lazy(() => import("./pages/slotting.tsx")),
  labour: lazy(() => import("./pages/labour.tsx")),
  history: lazy(() => import("./pages/history.tsx")),
  line: lazy(() => import("./pages/line.tsx")),
  packing: lazy(() => import("./pages/packing.tsx")),
  services: lazy(() => import("./pages/services.tsx")),
  assortment: lazy(() => import("./pages/assortment.tsx")),
  labels: lazy(() => import("./pages/labels.tsx")),
  simulators: lazy(() => import("./pages/simulators.tsx")),
};
export type PageName = keyof typeof PAGES;
const NAMES = Object.keys(PAGES) as PageName[];
/** As a shift thinks of it: what is now, what is to be sent, what there is, what is packed, what leaves, what it is done with. */
const GROUPS: Record<string, PageName[]> = {
  now: ["overview", "incidents", "map", "shift"],
  orders: ["orders", "waves", "release", "shipping", "warehouses", "customs"],
  goods: ["stock", "counts", "slotting"],
  packing: ["packing", "line", "services", "assortment"],
  leaving: ["dock", "tracking", "returns"],
  site: ["devices", "labels", "labour", "history", "simulators"],
};
/** Alt+1 to Alt+0. */
const KEYS: PageName[] = ["overview", "orders", "waves", "release", "map", "stock", "incidents", "devices", "counts", "dock"];

export interface PageProps {
  me: Me;
  live: Live;
}

export function App() {
  useLocale();
  const me = useMe();
  useEffect(() => {
    if (me.data) setServerNow(me.data.now);
  }, [me.data]);
  if (me.error?.status === 401 || me.error?.status === 403) return <SignIn />;
  if (me.data === undefined) return <Center mih="100vh"><Loader color="gray" /></Center>;
  setZone(me.data.timezone); // before the first time is drawn
  return <Shell me={me.data} />;
}

function Shell({ me }: { me: Me }) {
  const [page] = useParam("page", "overview");
  const [wall] = useParam("wall");
  const live = useLive();
  const client = useQueryClient();
  const incidents = useRead<Incident[]>(["incidents", "open"], "/incidents?state=open");
  const simulators = useRead<{ present: boolean }>(["static", "simulators"], "/simulators");
  const name: PageName = NAMES.includes(page as PageName) ? (page as PageName) : "overview";
  const Page = PAGES[name];
  useKeys();
  useEffect(() => {
    document.title = `${t(`page.${name}`)} · Wharfinger`;
  }, [name]);
  const signOut = (): void => void post("/api/v1/sign-out").then(() => client.resetQueries());
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 200, breakpoint: "sm", collapsed: { desktop: wall !== "", mobile: wall !== "" } }} padding="md">
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <img src="/icon.svg" width={28} height={28} alt="" style={{ borderRadius: 6 }} />
            <Text fw={700}>Wharfinger</Text>
            <Text c="dimmed">{t(`page.${name}`)}</Text>
          </Group>
          <Group gap="md" wrap="nowrap">
            <Freshness live={live} />
            <LanguageSwitch />
            <Text size="sm">{me.name}</Text>
            <Button size="xs" variant="default" onClick={signOut}>{t("lib.sign_out")}</Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" className="nav">
        {Object.entries(GROUPS).map(([group, pages]) => (
          <section key={group} className="nav-group">
            <small>{t(`group.${group}`)}</small>
            {pages.filter((one) => one !== "simulators" || simulators.data?.present).map((one) => (
              <NavLink
                key={one}
                href={`?page=${one}`}
                active={one === name}
                color="gray"
                py={4}
                fw={one === name ? 650 : 400}
                label={t(`page.${one}`)}
                title={KEYS.includes(one) ? `Alt+${(KEYS.indexOf(one) + 1) % 10}` : undefined}
                data-testid={`nav-${one}`}
                rightSection={one === "incidents" && (incidents.data?.length ?? 0) > 0 ? <Badge color="red" variant="filled" size="sm">{incidents.data!.length}</Badge> : null}
                onClick={(event) => {
                  event.preventDefault();
                  open(one);
                }}
              />
            ))}
          </section>
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Lost live={live} />
        <Suspense fallback={<Loader color="gray" />}><Page me={me} live={live} /></Suspense>
      </AppShell.Main>
    </AppShell>
  );
}

/** Alt+1 to Alt+0 turn pages, a slash goes to the page's filter. */
function useKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const page = event.altKey && /^\d$/.test(event.key) ? KEYS[(Number(event.key) + 9) % 10] : undefined;
      if (page !== undefined) {
        event.preventDefault();
        open(page);
      }
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      if (event.key === "/" && !typing) {
        event.preventDefault();
        document.querySelector<HTMLInputElement>("[data-filter]")?.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

function Freshness({ live }: { live: Live }) {
  const now = useClock();
  return (
    <Group gap={6} wrap="nowrap" title={t(live.open ? "console.live_hint" : "console.lost")}>
      <i className={live.open ? "live-dot" : "live-dot lost"} />
      <Text size="sm" className="number">{time(new Date(now).toISOString())}</Text>
    </Group>
  );
}

function Lost({ live }: { live: Live }) {
  useClock();
  if (live.open) return null;
  return <div className="lost-banner" role="alert" data-testid="lost">{t("console.lost_for", { age: span(Date.now() - live.heardAt) })}</div>;
}
