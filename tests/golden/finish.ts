/** Finishing what is parked in a copy of a golden database, with today's code, and what is wrong with how it ended. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { fileURLToPath } from "node:url";
import {
  createOmniForge,
  inProcess,
  type Answer,
  type Entry,
  type InputRequest,
  type OmniForge,
} from "omniforge";
import { sqliteStore, type TaskRow } from "omniforge/store";
import { checkLog } from "omniforge/testing";
import { readLedger, type LedgerLine } from "../../packages/omniforge/src/testing/crash/ledger.ts";
import { createAgent, createModels } from "./agents.ts";
import { watchedBy } from "./watched.ts";

/** Every release's databases: `schema-2/mid-turn` … */
export function goldenDatabases(): readonly string[] {
  const here = fileURLToPath(new URL("./", import.meta.url));
  const folders = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []));
  const schemas = folders(here).filter((name) => name.startsWith("schema-"));
  return schemas.flatMap((schema) => folders(join(here, schema)).map((state) => `${schema}/${state}`));
}

/** A data directory of its own for a golden database. */
export function copyOf(name: string): string {
  const directory = join(mkdtempSync(join(tmpdir(), "omniforge-golden-")), "data");
  mkdirSync(directory);
  cpSync(fileURLToPath(new URL(name, import.meta.url)), directory, { recursive: true });
  renameSync(join(directory, "omniforge.sqlite"), join(directory, "omniforge.db"));
  return directory;
}

export interface Task {
  readonly row: TaskRow;
  readonly log: readonly Entry[];
}

export interface Left {
  readonly tasks: readonly Task[];
  readonly ledger: readonly LedgerLine[];
}

/** What is in a data directory that nobody has open. */
export async function readLeft(directory: string): Promise<Left> {
  const store = sqliteStore(join(directory, "omniforge.db"));
  try {
    const rows = await store.list({ tenant: "default", limit: 100 });
    const tasks = await Promise.all(rows.map(async (row) => ({ row, log: await store.read(row, 0) })));
    return {
      tasks: tasks.toSorted((one, other) => one.row.depth - other.row.depth),
      ledger: readLedger(directory),
    };
  } finally {
    await store.close();
  }
}

function answerTo({ kind }: InputRequest): Answer {
  return kind === "question" ? { decision: "answer", value: "green" } : { decision: "approve" };
}

const patienceMs = 30_000;

/** Opens a data directory, answers what is asked, and closes once every task has ended, or an error was reported. */
export async function finish(directory: string): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const forge = await createOmniForge({
    dataDirectory: directory,
    agents: [createAgent()],
    models: createModels(),
    backend: await watchedBy(directory, 1_000, inProcess({ onError: (error) => errors.push(error) })),
    workspace: "/",
  });
  try {
    for (const end = Date.now() + patienceMs; errors.length === 0; await sleep(5)) {
      if (Date.now() > end) throw new Error("the tasks did not end");
      if (await answerAll(forge)) break;
    }
  } finally {
    await forge.close();
  }
  return errors;
}

/** Whether everything has ended. */
async function answerAll(forge: OmniForge): Promise<boolean> {
  const tasks = await forge.list();
  const asked = tasks.flatMap(({ task, pending }) => pending.map((request) => ({ task, request })));
  for (const { task, request } of asked) await forge.respond(task, request.id, answerTo(request));
  return tasks.every(({ state }) => ["completed", "failed", "canceled"].includes(state));
}

/** What was broken between two looks at the same tasks: in between, they were finished. */
export function brokenBetween(before: Left, after: Left): readonly string[] {
  return [
    ...after.tasks.flatMap(({ row, log }) => checkLog(row, log)),
    ...before.tasks.flatMap((task) => rewritten(task, after)),
    ...repeated(before, after),
  ];
}

/** What was recorded stands as it was. */
function rewritten({ row, log }: Task, after: Left): readonly string[] {
  const now = after.tasks.find((one) => one.row.task === row.task)?.log.slice(0, log.length) ?? [];
  return isDeepStrictEqual(now, log) ? [] : [`${row.task}: what was in the log before is not in it any more`];
}

/** No step that had its outcome was executed again, and no `once` tool that had been claimed. */
function repeated(before: Left, after: Left): readonly string[] {
  const recorded = before.tasks.flatMap(({ row, log }) =>
    log.flatMap(({ kind, key }) => {
      if (key === undefined) return [];
      if (kind === "claim") return [`${row.task}/${key.replace("/claim/", "/tool/")}`];
      return kind === "result" || kind === "reply" || kind === "compaction" ? [`${row.task}/${key}`] : [];
    }),
  );
  return after.ledger
    .slice(before.ledger.length)
    .filter(({ phase, key }) => phase === "start" && recorded.includes(key))
    .map(({ key }) => `${key}: executed again, though its outcome or its claim was recorded`);
}
