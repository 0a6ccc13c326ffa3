import { useRef, useState, type ReactNode } from "react";
import { t } from "../lib/i18n.ts";
import { Icon } from "./icons.tsx";
import { confirm, tell } from "./store.ts";

const LONGEST_PX = 1280;

/** A picture by the device's camera: shown before it is kept, made small enough for a slow network. */
export function PhotoStep({ problem }: { problem: ReactNode }) {
  const input = useRef<HTMLInputElement>(null);
  const [picture, setPicture] = useState("");
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    try {
      setPicture(await smaller(file));
    } catch {
      tell("error", "lib.photo_bad");
    }
  };
  return (
    <>
      {picture !== "" && <img className="photo" data-testid="photo" src={picture} alt="" />}
      <input ref={input} hidden type="file" accept="image/*" capture="environment" data-testid="camera" onChange={(event) => void take(event.currentTarget.files?.[0])} />
      <div className="row">
        {problem}
        {picture !== "" && <button className="secondary" onClick={() => input.current?.click()}><Icon name="photo" /> {t("lib.take_photo")}</button>}
      </div>
      <button className="primary" data-testid="primary" onClick={() => (picture === "" ? input.current?.click() : confirm(picture))}>
        {picture === "" ? <><Icon name="photo" size={28} /> {t("lib.take_photo")}</> : t("lib.ok")}
      </button>
    </>
  );
}

async function smaller(file: File): Promise<string> {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_PX / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.8);
}
