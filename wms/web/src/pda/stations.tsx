import { useEffect, useState } from "react";
import { get, Problem } from "../lib/http.ts";
import { t } from "../lib/i18n.ts";
import { chooseStation, tell } from "./store.ts";

interface Station {
  code: string;
  location: string;
}

/** Sit down at a pack station: scan its code or tap it. */
export function Stations() {
  const [stations, setStations] = useState<Station[] | null>(null);
  useEffect(() => {
    get<Station[]>("/api/v1/pda/pack/stations").then(setStations, (error: unknown) => {
      if (error instanceof Problem) tell("error", `error.${error.code}`, error.params);
    });
  }, []);
  return (
    <section className="body">
      <h1 className="prompt">{t("pack.choose_station")}</h1>
      {stations?.length === 0 && <p className="note">{t("pack.no_station")}</p>}
      <div className="list">
        {stations?.map((station) => (
          <button key={station.code} className="item" data-testid={`station-${station.code}`} onClick={() => void chooseStation(station.code)}>
            <strong>{station.code}</strong>
            <span>{station.location}</span>
          </button>
        ))}
      </div>
    </section>
  );
}
