/**
 * A process that works on a database until it is done, or killed. Says what it does in lines of JSON.
 *
 * child.ts commit <path> <name> <count> · burst <path> <durability> · open <folder> <from> <count> · own <path> <owner> · hold <path> <ms>
 */
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { entry, userMessage } from "omniforge/protocol";
import { sqliteStore, type Durability } from "omniforge/store";
import { first, newTask } from "../../packages/omniforge/src/testing/store-contract/claim.ts";

const [command = "", path = "", ...rest] = process.argv.slice(2);
const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const forever = (): Promise<void> => new Promise(() => void setInterval(() => undefined, 1_000));

/** Commits messages, ten at a time, and says the seq of each once it is acknowledged. */
async function commitAll(name: string, count: number, durability: Durability): Promise<void> {
  const store = sqliteStore(path, { durability });
  await store.create(newTask());
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const id = `${name}-${index}`;
      const entries = [
        entry("message", { id, message: userMessage(id) }),
        entry("recovery", { steps: [id] }),
      ];
      const made = await store.commit({ ...first, entries, at: Date.now(), accepts: `message:${id}` });
      say({ id, seq: made.kind === "committed" ? made.entries[0]?.seq : made.kind });
    }
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  await store.close();
}

const commands: Readonly<Record<string, () => Promise<void>>> = {
  commit: () => commitAll(rest[0] ?? "", Number(rest[1]), "process"),
  burst: () => commitAll(`burst${process.pid}`, Infinity, rest[0] === "power" ? "power" : "process"),
  /** Opens databases 0, 1, 2 … of a folder, one every 60 ms from this moment on, each together with others. */
  async open() {
    const [from = 0, count = 0] = rest.map(Number);
    for (let index = 0; index < count; index++) {
      await delay(Math.max(0, from + index * 60 - 4 - Date.now()));
      // Timers are a millisecond late or two: too much to meet the others.
      while (Date.now() < from + index * 60);
      const store = sqliteStore(join(path, `${index}.db`));
      await store.create(newTask({ task: `task_${process.pid}` }));
      await store.close();
    }
  },
  async own() {
    const store = sqliteStore(path);
    await store.create(newTask());
    await store.executions.beat(rest[0] ?? "", Date.now());
    await store.executions.acquire(first, rest[0] ?? "");
    say("owned");
    await forever();
  },
  async hold() {
    const database = new DatabaseSync(path);
    database.exec("begin immediate");
    say("held");
    await delay(Number(rest[0]));
    database.exec("commit");
  },
};

await commands[command]?.();
