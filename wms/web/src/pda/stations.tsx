import { useEffect, useState } from "react";
import { get, Problem } from "../lib/http.ts";
import { t } from "../lib/i18n.ts";
import { Icon } from "./icons.tsx";
import { chooseStation, claim, tell } from "./store.ts";

interface Station {
  code: string;
  location: string;
}

/** Sit down at a pack station, or stand where pods are brought to: scan its code or tap it. */
export function Stations({ flow }: { flow: string }) {
  const kind = flow === "g2p" || flow === "vas" ? flow : "pack";
  const [stations, setStations] = useState<Station[] | null>(null);
  useEffect(() => {
    get<Station[]>(`/api/v1/pda/${kind}/stations`).then(setStations, (error: unknown) => {
      if (error instanceof Problem) tell("error", `error.${error.code}`, error.params);
    });
  }, [kind]);
  return (
    <section className="body">
      <h1 className="prompt">{t(kind === "g2p" ? "g2p.choose" : `${kind}.choose_station`)}</h1>
      {stations?.length === 0 && <p className="note">{t("pack.no_station")}</p>}
      <div className="list">
        {kind === "g2p" && (
          <button className="item" data-testid="tour" onClick={() => void claim("pick")}>
            <strong><Icon name="pick" /> {t("g2p.tour")}</strong>
          </button>
        )}
        {stations?.map((station) => (
          <button key={station.code} className="item" data-testid={`station-${station.code}`} onClick={() => void chooseStation(station.code)}>
            <strong>{kind !== "pack" && <Icon name={kind} />} {station.code}</strong>
            <span>{station.location}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
