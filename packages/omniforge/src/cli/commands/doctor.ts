/** `omniforge doctor`: what OmniForge finds here, what of it works, and why the rest does not. */
import { join, resolve } from "node:path";
import type { OmniForgeConfig } from "../../define-config.ts";
import { inspectRedis } from "../../events/redis/inspect.ts";
import { temporalPackage } from "../../load-temporal.ts";
import { keylessReference } from "../../models/keyless/index.ts";
import { inspectPostgres } from "../../store/postgres/inspect.ts";
import { schemaVersion } from "../../store/sqlite/schema-version.ts";
import { messageOf } from "../../protocol/error.ts";
import { availableWalls } from "../../tools/builtin/shell/sandbox.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { commandLine, shownPath, userPath } from "../invocation.ts";
import { lookAround, type Around } from "../look-around.ts";
import { defaultData } from "../place.ts";
import { databaseOf, redisOf } from "../open-forge.ts";
import { ownManifest } from "../own-manifest.ts";
import { recordReplies } from "../record-replies.ts";
import { openOutput } from "../view/output.ts";
import { createScreen, type Screen } from "../view/screen.ts";
import { jsonLine } from "../view/visible.ts";

export interface DoctorChoice {
  readonly json?: boolean;
  readonly data?: string;
  /** Where to put what the models found here really send. */
  readonly record?: string;
}

/** `no`: it is not there, and need not be. `wrong`: something must be mended. */
export interface Finding {
  readonly topic: string;
  readonly state: "yes" | "no" | "wrong";
  readonly text: string;
}

/** Creates nothing and changes nothing, unless it is to record. Fails where something must be mended. */
export async function doctor({ json, data, record }: DoctorChoice): Promise<ExitCode> {
  const output = openOutput(process.stdout);
  const { around, wrong } = await look();
  const database = databaseOf(around?.config ?? {});
  const findings: Finding[] = [
    { topic: "omniforge", state: "yes", text: ownManifest().version },
    { topic: "node", state: "yes", text: `${process.versions.node}; 24 or newer is needed` },
    wrong ?? configFinding(around),
    data === undefined && database !== undefined
      ? await databaseFinding(database)
      : dataFinding(resolve(userPath("."), data ?? around?.config.dataDirectory ?? defaultData)),
    await redisFinding(redisOf(around?.config ?? {})),
    await temporalFinding(around?.config ?? {}),
    shellFinding(),
    ...(around?.discovery.looked ?? []).map(({ place, found, why }): Finding => ({
      topic: "model",
      state: found ? "yes" : "no",
      text: `${place}: ${why}`,
    })),
    ...(record !== undefined && around !== undefined ? await recordReplies(around.discovery, record) : []),
  ];
  if (json === true)
    for (const finding of findings) output.write(`${jsonLine({ type: "finding", finding })}\n`);
  else {
    const screen = createScreen(output);
    show(screen, findings);
    if (around !== undefined) showModel(screen, around);
  }
  return findings.some(({ state }) => state === "wrong") ? exitCodes.failed : exitCodes.done;
}

async function look(): Promise<{ around?: Around; wrong?: Finding }> {
  try {
    return { around: await lookAround() };
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    return { wrong: { topic: "config", state: "wrong", text: thrown.message } };
  }
}

function configFinding(around: Around | undefined): Finding {
  const file = around?.file;
  if (file === undefined)
    return {
      topic: "config",
      state: "no",
      text: `no config file here or above; ${commandLine("init")} writes one`,
    };
  const names = around?.config.agents?.map(({ name }) => name) ?? [];
  return {
    topic: "config",
    state: "yes",
    text: `${shownPath(file)}${names.length > 0 ? `, with ${names.join(", ")}` : ""}`,
  };
}

function dataFinding(folder: string): Finding {
  const path = shownPath(folder);
  try {
    const { found, known } = schemaVersion(join(folder, "omniforge.db"));
    if (found === undefined)
      return { topic: "data", state: "no", text: `${path}: nothing yet; the first task creates it` };
    if (found > known)
      return {
        topic: "data",
        state: "wrong",
        text: `${path}: a newer release wrote it (schema ${found}; this one knows ${known})`,
      };
    const later = found < known ? `, made ${known} when it is next opened` : "";
    return { topic: "data", state: "yes", text: `${path}: schema ${found}${later}` };
  } catch (thrown) {
    return {
      topic: "data",
      state: "wrong",
      text: `${path}: ${messageOf(thrown)}`,
    };
  }
}

async function databaseFinding(address: string): Promise<Finding> {
  try {
    const { shown, server, found, known } = await inspectPostgres(address);
    const place = `${shown} (PostgreSQL ${server})`;
    if (found > known) {
      const text = `${place}: a newer release wrote it (schema ${found}; this one knows ${known})`;
      return { topic: "data", state: "wrong", text };
    }
    const schema =
      found === 0
        ? "nothing yet; the first task creates it"
        : `schema ${found}${found < known ? `, made ${known} when it is next opened` : ""}`;
    return { topic: "data", state: found === 0 ? "no" : "yes", text: `${place}: ${schema}` };
  } catch (thrown) {
    return { topic: "data", state: "wrong", text: messageOf(thrown) };
  }
}

async function redisFinding(address: string | undefined): Promise<Finding> {
  if (address === undefined)
    return {
      topic: "redis",
      state: "no",
      text: "none is named: who follows a task of another process sees its log, and no running text; OMNIFORGE_REDIS_URL names one",
    };
  try {
    const { shown, server, isReplica } = await inspectRedis(address);
    const place = `${shown} (Redis ${server})`;
    return isReplica
      ? { topic: "redis", state: "wrong", text: `${place}: a replica, which can't be written to` }
      : { topic: "redis", state: "yes", text: `${place}: live events between processes` };
  } catch (thrown) {
    return { topic: "redis", state: "wrong", text: messageOf(thrown) };
  }
}

/** Its server is asked where it is wanted, or the environment says where it is. */
async function temporalFinding({ backend, temporal }: OmniForgeConfig): Promise<Finding> {
  const name = "@omniforge/temporal";
  const wanted = backend === "temporal";
  try {
    import.meta.resolve(name);
  } catch {
    const text = `${name} is not installed${wanted ? ", and the config file wants it" : ""}: npm install ${name}`;
    return { topic: "temporal", state: wanted ? "wrong" : "no", text };
  }
  if (!wanted && process.env["TEMPORAL_ADDRESS"] === undefined) {
    const text = `${name} is installed; its server is asked when a task starts`;
    return { topic: "temporal", state: "yes", text };
  }
  try {
    const { inspect } = await temporalPackage();
    const found = await inspect({ ...temporal, connectTimeoutMs: 2_000 });
    const workers = found.isAnyoneWorking ? "a worker takes its tasks" : "no worker takes its tasks";
    const text = `${found.address}, namespace ${found.namespace}, queue ${found.taskQueue}: ${workers}${searched(found.missing)}`;
    return { topic: "temporal", state: "yes", text };
  } catch (thrown) {
    return { topic: "temporal", state: "wrong", text: messageOf(thrown) };
  }
}

function searched(missing: readonly string[] | undefined): string {
  if (missing === undefined) return "\nwhether it knows the search attributes may not be seen from here";
  return missing.length > 0 ? `\nno search attributes yet: ${commandLine("temporal", "setup")}` : "";
}

function shellFinding(): Finding {
  if (availableWalls() === "none")
    return {
      topic: "shell",
      state: "no",
      text: "bubblewrap does not work here: what the tool bash runs is UNCONFINED, so read what you approve",
    };
  return {
    topic: "shell",
    state: "yes",
    text: "commands run inside bubblewrap: they write to the workspace only, and have no network",
  };
}

const marks = {
  yes: { text: "✓ ", style: "green" },
  no: { text: "– ", style: "dim" },
  wrong: { text: "✗ ", style: "red" },
} as const;

function show(screen: Screen, findings: readonly Finding[]): void {
  for (const { topic, state, text } of findings) {
    const [first = "", ...more] = text.split("\n");
    screen.text(`${marks[state].text}${topic.padEnd(11)}${first}`, {
      ...(state !== "yes" && { style: marks[state].style }),
    });
    for (const line of more) screen.text(line.trim(), { indent: 13 });
  }
}

function showModel(screen: Screen, { model }: Around): void {
  screen.line();
  screen.text(
    model.reference === keylessReference
      ? "Tasks get keyless:demo: rules that need no key, and are no LLM. Set a provider's key, or start a local model server, for a real one."
      : `Tasks get ${model.reference} (${model.why}). Another one: --model provider:model, or model in the config file.`,
  );
}
