/**
 * Writes the golden databases: tasks parked in every state there is, each by a process that was killed in that state.
 *
 * Run by hand, once per release or schema, never to repair a failing test: what is written stands for what people have on
 * their disks. Usage: node --conditions=omniforge:source tests/golden/write.ts [state …]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  cpSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createOmniForge, inProcess, type Entry, type OmniForge } from "omniforge";
import { createAgent, createModels, type Moments } from "./agents.ts";
import { watchedBy } from "./watched.ts";

const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable");
};

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds()); await sleep(5))
    if (Date.now() > end) throw new Error("waited in vain");
}

const task = async (forge: OmniForge): Promise<string> =>
  (await forge.list()).find(({ depth }) => depth === 0)?.task ?? "";
const logOf = async (forge: OmniForge): Promise<readonly Entry[]> => forge.log(await task(forge));
const has =
  (kind: string, key?: string) =>
  async (forge: OmniForge): Promise<boolean> =>
    (await logOf(forge)).some((one) => one.kind === kind && (key === undefined || one.key === key));
const waits = async (forge: OmniForge): Promise<boolean> => {
  return (await forge.list()).some(({ pending }) => pending.length > 0);
};

interface State {
  /** Entries that must be there before the tool or model in which the process dies lets it die. */
  readonly dies?: {
    readonly in: "tool" | "model";
    readonly after: (forge: OmniForge) => Promise<boolean>;
    readonly when?: "compacting" | "compacted";
  };
  /** What must be true before it is killed from outside of its steps. */
  readonly until?: (forge: OmniForge) => Promise<boolean>;
  readonly act?: (forge: OmniForge, id: string) => Promise<void>;
  readonly turns?: number;
  readonly fails?: boolean;
  readonly work?: boolean;
  readonly kills?: number;
}

const always = (): Promise<boolean> => Promise.resolve(true);

const states: Readonly<Record<string, State>> = {
  submitted: { work: false, until: always },
  "mid-turn": {
    dies: {
      in: "tool",
      after: async (forge) =>
        (await Promise.all([0, 1, 2].map((at) => has("result", `1/tool/${at}`)(forge)))).every(Boolean),
    },
  },
  "waiting-approval": {
    until: async (forge) => (await waits(forge)) && (await has("result", "1/tool/1")(forge)),
    act: (forge, id) => forge.say(id, "and this too", "message_late"),
  },
  "waiting-question": { until: waits },
  "waiting-input": { until: waits },
  "waiting-limit": { until: waits, turns: 1 },
  "waiting-child": { until: waits },
  cancelling: {
    dies: { in: "tool", after: has("cancel") },
    until: has("result", "1/tool/0"),
    act: (forge, id) => forge.cancel(id, "changed my mind"),
  },
  "retrying-model": { until: has("attempt"), fails: true },
  "retrying-tool": {
    until: async (forge) => (await has("attempt")(forge)) && (await has("result", "1/tool/0")(forge)),
    fails: true,
  },
  "compacting-before": { dies: { in: "model", after: always, when: "compacting" } },
  "compacting-after": { dies: { in: "model", after: has("compaction"), when: "compacted" } },
  "claimed-once": {
    dies: {
      in: "tool",
      after: async (forge) => (await has("claim")(forge)) && (await has("result", "1/tool/0")(forge)),
    },
  },
  "died-twice": { dies: { in: "tool", after: has("result", "1/tool/0") }, kills: 3 },
  ended: { until: has("ended") },
};

/** Brings the task of a new or killed data directory into its state, and dies. */
async function park(name: string, directory: string, number: number): Promise<void> {
  const state = states[name];
  if (state === undefined) throw new Error(`there is no state ${name}`);
  const { dies } = state;
  const stop = async (where: "tool" | "model"): Promise<void> => {
    if (dies?.in !== where) return;
    await until(() => dies.after(forge));
    die();
  };
  const moments: Moments = {
    flaky: state.fails === true,
    inTool: () => stop("tool"),
    async inModel(_scenario, { tools, said }) {
      const isCompacted = said[0]?.startsWith("What happened before") === true;
      const moment = tools.length === 0 ? "compacting" : isCompacted ? "compacted" : undefined;
      if (dies?.in === "model" && dies.when === moment) await stop("model");
      return state.fails === true && name === "retrying-model" ? "fail" : undefined;
    },
  };
  const agent = createAgent(moments);
  const forge = await createOmniForge({
    dataDirectory: directory,
    agents: [agent],
    models: createModels(moments),
    backend: await watchedBy(directory, number, inProcess()),
    work: state.work ?? true,
    workspace: "/",
  });
  const { task: id } = await forge.submit(agent, `Please park this: ${name}`, {
    idempotencyKey: name,
    messageId: "message_first",
    ...(state.turns !== undefined && { limits: { turns: state.turns, atLimit: "ask" } }),
  });
  const condition = state.until;
  if (condition === undefined) return;
  await until(() => condition(forge));
  await state.act?.(forge, id);
  if (dies === undefined) die();
}

/** One file, nothing beside it, as small as it gets. */
function pack(directory: string, name: string): string {
  const database = new DatabaseSync(join(directory, "omniforge.db"));
  const version = Number(database.prepare("pragma user_version").get()?.["user_version"]);
  const to = fileURLToPath(new URL(`schema-${version}/${name}`, import.meta.url));
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  database.exec(
    "pragma wal_checkpoint(truncate); pragma page_size = 512; pragma journal_mode = delete; vacuum",
  );
  database.prepare("vacuum into ?").run(join(to, "omniforge.sqlite"));
  database.close();
  const ledger = join(directory, "ledger.jsonl");
  writeFileSync(join(to, "ledger.jsonl"), existsSync(ledger) ? readFileSync(ledger) : "");
  const blobs = join(directory, "blobs");
  if (existsSync(blobs)) cpSync(blobs, join(to, "blobs"), { recursive: true });
  return to;
}

async function write(name: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "omniforge-golden-"));
  for (let number = 0; number < (states[name]?.kills ?? 1); number++) {
    const nodeArguments = ["--conditions=omniforge:source", "--no-warnings"];
    const script = [fileURLToPath(import.meta.url), "park", name, directory, String(number)];
    const child = spawn(process.execPath, [...nodeArguments, ...script], { stdio: "inherit" });
    await once(child, "close");
    if (child.signalCode !== "SIGKILL") throw new Error(`${name} ended with ${child.exitCode}`);
  }
  const to = pack(directory, name);
  rmSync(directory, { recursive: true });
  const forge = new DatabaseSync(join(to, "omniforge.sqlite"), { readOnly: true });
  const rows = forge
    .prepare("select task, state, turn, head_seq, owner is not null as owned from tasks")
    .all();
  forge.close();
  console.log(`${to}: ${statSync(join(to, "omniforge.sqlite")).size} bytes`, ...rows);
}

const [command, ...rest] = process.argv.slice(2);
if (command === "park") await park(rest[0] ?? "", rest[1] ?? "", Number(rest[2]));
else for (const name of command === undefined ? Object.keys(states) : [command, ...rest]) await write(name);
