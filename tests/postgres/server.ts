/**
 * A real PostgreSQL server for tests: the one that OMNIFORGE_TEST_POSTGRES names, else one of the calling file's own from
 * local binaries, in a folder that is thrown away. Every store that is opened gets a schema of its own.
 *
 * Without either the tests skip, visibly and with the reason; in CI that is a failure.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { accessSync, chmodSync, chownSync, constants, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { freePort } from "../free-port.ts";

export interface TestServer {
  /** The address of a schema that nobody has used. */
  fresh(): string;
  /** Asks the server something, beside all stores. */
  ask(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Kills the server as `kill -9` does. None where the server was given. */
  readonly kill?: () => Promise<void>;
  /** Starts it again. */
  readonly start?: () => Promise<void>;
  stop(): Promise<void>;
}

const given = process.env["OMNIFORGE_TEST_POSTGRES"];
const binaries = given === undefined ? findBinaries() : undefined;
const missing =
  "no PostgreSQL server: set OMNIFORGE_TEST_POSTGRES to an address, or install its binaries (the package postgresql)";

/** Appended to the names of suites that need a server: why they were skipped, or nothing. In CI they fail instead. */
export const skipped =
  given === undefined && binaries === undefined && process.env["CI"] !== "true"
    ? ` (skipped: ${missing})`
    : "";

/** A test's time limit. Milliseconds. */
export const patience = 120_000;

export async function startPostgres(): Promise<TestServer> {
  if (given !== undefined) return connected(given, {});
  if (binaries === undefined) throw new Error(missing);
  const port = await freePort();
  const guardian = await startGuardian(binaries, port);
  return connected(`postgres://omniforge@127.0.0.1:${port}/postgres`, {
    kill: () => guardian.say("kill"),
    start: () => guardian.say("start"),
    end: () => guardian.end(),
  });
}

interface Control {
  readonly kill?: () => Promise<void>;
  readonly start?: () => Promise<void>;
  readonly end?: () => Promise<void>;
}

function connected(address: string, { end, ...control }: Control): TestServer {
  const schemas: string[] = [];
  const ask: TestServer["ask"] = async (text, values = []) => {
    const client = new Client({ connectionString: address });
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(text, [...values]);
      return rows;
    } finally {
      await client.end();
    }
  };
  return {
    ...control,
    ask,
    fresh() {
      const schema = `test_${randomUUID().slice(0, 8)}`;
      schemas.push(schema);
      const url = new URL(address);
      url.searchParams.set("schema", schema);
      return url.href;
    },
    async stop() {
      // A server of our own goes with all it has.
      if (end !== undefined) return end();
      for (const schema of schemas) await ask(`drop schema if exists ${schema} cascade`);
    },
  };
}

interface Guardian {
  /** Resolves once it has been done. */
  say(word: string): Promise<void>;
  end(): Promise<void>;
}

async function startGuardian(folderOfBinaries: string, port: number): Promise<Guardian> {
  const folder = mkdtempSync(join(tmpdir(), "omniforge-postgres-"));
  const user = process.getuid?.() === 0 ? unprivileged() : undefined;
  if (user !== undefined) {
    chownSync(folder, user.uid, user.gid);
    chmodSync(folder, 0o700);
  }
  const program = fileURLToPath(new URL("guardian.ts", import.meta.url));
  const who = user === undefined ? [] : [String(user.uid), String(user.gid)];
  const child = spawn(process.execPath, [program, folderOfBinaries, folder, String(port), ...who], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    cwd: "/",
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const answers: (() => void)[] = [];
  const failures: ((reason: Error) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", () => {
    failures.shift();
    answers.shift()?.();
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void exited.then(() => {
    for (const fail of failures) fail(new Error(`the server's guardian has ended: ${complaint}`));
  });
  const heard = (): Promise<void> =>
    new Promise((resolve, reject) => {
      answers.push(resolve);
      failures.push(reject);
    });
  await heard();
  return {
    async say(word) {
      const done = heard();
      child.stdin.write(`${word}\n`);
      await done;
    },
    async end() {
      child.stdin.end();
      await exited;
    },
  };
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { readonly uid: number; readonly gid: number } {
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const [, , uid, gid] = ["postgres", "nobody"].flatMap(
    (name) => users.filter(([known]) => known === name).slice(0, 1)[0] ?? [],
  );
  if (uid === undefined || gid === undefined)
    throw new Error("root can't run PostgreSQL, and there is no user postgres or nobody");
  return { uid: Number(uid), gid: Number(gid) };
}

/** The folder that both programs are in. */
function findBinaries(): string | undefined {
  const packaged = "/usr/lib/postgresql";
  const versions = isThere(packaged) ? readdirSync(packaged).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...versions.map((version) => join(packaged, version, "bin")),
  ];
  return folders.find((folder) => ["initdb", "postgres"].every((name) => isThere(join(folder, name))));
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
