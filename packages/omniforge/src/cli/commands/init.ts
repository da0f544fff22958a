/** `omniforge init`: a config file with an agent and a tool of one's own, which runs at once and without a key. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { configNames } from "../config/load-config.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { folder } from "../folder.ts";
import { commandLine } from "../invocation.ts";
import { ownManifest } from "../own-manifest.ts";

const config = `import { askHumanTool, defineAgent, defineConfig, defineTool, fileTools } from "omniforge";
import { z } from "zod";

const rollDice = defineTool({
  name: "roll_dice",
  description: "Rolls dice and tells what they show",
  parameters: z.object({ sides: z.number().int().min(2).max(1000), count: z.number().int().min(1).max(100) }),
  effects: "none", // "none" | "idempotent" | "once": what may happen when a call is run twice
  execute: ({ sides, count }) => Array.from({ length: count }, () => 1 + Math.floor(Math.random() * sides)),
});

const clerk = defineAgent({
  name: "clerk",
  description: "Works on the files of this folder, and rolls dice.",
  instructions: "You work on the user's files. Look before you answer, and write only what was asked for.",
  tools: [...fileTools, askHumanTool, rollDice],
});

export default defineConfig({
  agents: [clerk],
  // Without a model: what a key in the environment offers, else a demo model that needs none.
  // model: "anthropic:claude-sonnet-5-5",
});
`;

/** Writes omniforge.config.ts, and package.json where there is none. Overwrites nothing. */
export function init(): ExitCode {
  const here = folder(".");
  const there = configNames.find((name) => existsSync(join(here, name)));
  if (there !== undefined) throw new UsageError(`${there} is here already; init overwrites nothing`);
  const manifest = join(here, "package.json");
  const isNew = !existsSync(manifest);
  if (isNew) writeFileSync(manifest, manifestFor(basename(here)));
  // Where a package's files are CommonJS, the ending says that this one is not.
  const file = isNew || isModule(manifest) ? "omniforge.config.ts" : "omniforge.config.mts";
  writeFileSync(join(here, file), config);
  process.stdout.write(
    [
      `Wrote ${file}${isNew ? " and package.json" : ""}. Try it at once; no key is needed:`,
      `  ${commandLine("run", "list the files")}`,
      `  ${commandLine("chat")}`,
      "For your editor to know the types:",
      `  npm install${isNew ? "" : " omniforge zod"}`,
      `With a provider's key in the environment a real model is used; ${commandLine("doctor")} says what was found.`,
      "",
    ].join("\n"),
  );
  return exitCodes.done;
}

function manifestFor(name: string): string {
  const { version, zod } = ownManifest();
  const legal = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  const manifest = {
    name: legal === "" || legal === "omniforge" ? "my-agents" : legal,
    private: true,
    type: "module",
    dependencies: { omniforge: `^${version}`, zod: `^${zod}` },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

function isModule(manifest: string): boolean {
  const read = z.object({ type: z.string().optional() }).safeParse(parse(readFileSync(manifest, "utf8")));
  return read.success && read.data.type === "module";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
