/**
 * Runs one PostgreSQL server for tests: `node guardian.ts BINARIES FOLDER PORT [UID GID]`. Restarts it when it is told
 * `start`, kills it when it is told `kill`, and says `ready` or `gone`.
 *
 * A process of its own, because it must outlive a test that is killed: when its input ends, it stops the server and removes
 * the folder.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const [binaries = "", folder = "", port = "", uid, gid] = process.argv.slice(2);
const who = uid === undefined ? {} : { uid: Number(uid), gid: Number(gid) };
const data = join(folder, "data");
const patienceMs = 60_000;
/** What is killed here is a process, never the machine: what it wrote is in the kernel's hands, synced or not. A bench syncs. */
const fsync = process.env["OMNIFORGE_TEST_FSYNC"] ?? "off";
const settings = [
  `fsync=${fsync}`,
  "full_page_writes=off",
  "max_connections=200",
  "listen_addresses=127.0.0.1",
];
let server: ChildProcess | undefined;

async function start(): Promise<void> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(50)) {
    const given = settings.flatMap((setting) => ["-c", setting]);
    const started = spawn(
      join(binaries, "postgres"),
      ["-D", data, "-p", port, "-k", folder, "-c", "shared_buffers=32MB", ...given],
      { ...who, stdio: ["ignore", "ignore", "pipe"] },
    );
    server = started;
    let said = "";
    const up = await new Promise<boolean>((resolve) => {
      started.stderr.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
        if (said.includes("ready to accept connections")) resolve(true);
      });
      started.once("exit", () => resolve(false));
    });
    if (up) return;
    // Those of its predecessor that was killed may still be about to go.
    if (Date.now() > deadline) throw new Error(`PostgreSQL does not start: ${said}`);
  }
}

async function kill(): Promise<void> {
  const running = server;
  server = undefined;
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
  const exited = once(running, "exit");
  running.kill("SIGKILL");
  await exited;
}

const initialised = spawnSync(
  join(binaries, "initdb"),
  ["-D", data, "-U", "omniforge", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
  { ...who, encoding: "utf8" },
);
if (initialised.status !== 0) throw new Error(`initdb failed: ${initialised.stderr}`);
await start();
process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "kill") await kill();
  if (line === "start") await start();
  process.stdout.write(line === "kill" ? "gone\n" : "ready\n");
}
await kill();
// Its children go by themselves once they notice, and may write until then.
rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
process.exit(0);
