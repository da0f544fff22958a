/**
 * A process that works on a PostgreSQL store until it is done, or killed. Says what it does in lines.
 *
 * child.ts commit <address> <name> <count> · open <address> · own <address> <owner>
 */
import { entry, userMessage } from "omniforge/protocol";
import { postgresStore } from "omniforge/store";
import { first, newTask } from "../../packages/omniforge/src/testing/store-contract/claim.ts";

const [command = "", address = "", name = "", count = "0"] = process.argv.slice(2);
const say = (what: string): void => void process.stdout.write(`${what}\n`);

const store = await postgresStore(address, { patienceMs: 60_000 });
if (command === "open") {
  await store.create(newTask({ task: `task_${process.pid}` }));
  await store.close();
}
if (command === "commit") {
  await store.create(newTask());
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < Number(count); index = next++) {
      const id = `${name}-${index}`;
      const entries = [
        entry("message", { id, message: userMessage(id) }),
        entry("recovery", { steps: [id] }),
      ];
      const made = await store.commit({ ...first, entries, at: Date.now(), accepts: `message:${id}` });
      say(`${id} ${made.kind === "committed" ? made.entries[0]?.seq : made.kind}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  await store.close();
}
if (command === "own") {
  await store.create(newTask());
  await store.executions.beat(name, Date.now());
  await store.executions.acquire(first, name);
  say("owned");
  setInterval(() => undefined, 1_000);
}
