import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const PUBLIC = ["manifest.webmanifest", "icon.svg", "icon-192.png", "icon-512.png"];

/**
 * `texts.json?pda`: the texts of the PDA's screens, so that it loads no words of the console. `texts.json?refusals`: what
 * the server may say no with, loaded when the first of it is met: such a text only comes over the network anyway.
 */
function pdaTexts(): Plugin {
  const screens = /^(bag|choice|count|error\.(common|lib|scanning)|field|flow|g2p|lib|load|move|pack|path|pick|putaway|receive|returns|scan|sign_in|sound|vas|wall)\./;
  const desk = /^returns\.(way|for|flag|found|outcome)_/; // why and how of a return, told on its page
  const parts: Record<string, (key: string) => boolean> = {
    pda: (key) => screens.test(key) && !desk.test(key),
    refusals: (key) => key.startsWith("error.") && !screens.test(key),
  };
  return {
    name: "wharfinger-pda-texts",
    enforce: "pre",
    load(id) {
      const [file, part] = id.split(".json?");
      const chosen = parts[part ?? ""];
      if (chosen === undefined) return null;
      const all = JSON.parse(readFileSync(`${file}.json`, "utf8")) as Record<string, string>;
      return { code: `export default ${JSON.stringify(Object.fromEntries(Object.entries(all).filter(([key]) => chosen(key))))}`, moduleType: "js" };
    },
  };
}

/** Emits sw.js with the files that pda.html needs, walked from its imports, so that the console is not precached. */
function serviceWorker(): Plugin {
  return {
    name: "wharfinger-sw",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const files = new Set<string>();
      const walk = (name: string): void => {
        const chunk = bundle[name];
        if (files.has(name) || chunk === undefined || (chunk.type === "chunk" && chunk.facadeModuleId?.endsWith("?refusals"))) return;
        files.add(name);
        if (chunk.type !== "chunk") return;
        chunk.imports.concat(chunk.dynamicImports).forEach(walk);
        chunk.viteMetadata?.importedCss.forEach((css) => files.add(css));
      };
      for (const item of Object.values(bundle)) {
        if (item.type === "chunk" && item.isEntry && item.name === "pda") walk(item.fileName);
      }
      const html = bundle["pda.html"];
      const list = ["/pda", ...[...files].sort().map((f) => `/${f}`), ...PUBLIC.map((f) => `/${f}`)];
      const hash = createHash("sha256").update(list.join());
      if (html?.type === "asset") hash.update(html.source);
      const source = readFileSync(resolve(import.meta.dirname, "sw.js"), "utf8")
        .replace("__VERSION__", hash.digest("hex").slice(0, 16))
        .replace('"__FILES__"', JSON.stringify(list));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}

export default defineConfig({
  plugins: [react(), pdaTexts(), serviceWorker()],
  build: {
    target: "es2022",
    chunkSizeWarningLimit: 900,
    rollupOptions: { input: { pda: "pda.html", console: "console.html" } },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/livez": "http://127.0.0.1:8080" } },
});
