/**
 * A worker as a process of its own, which is killed between the commit of a task's terminal entry and its announcement:
 * `node killed-worker.ts <data>`.
 */
import { createOmniForge } from "omniforge";
import { scriptedModel } from "omniforge/testing";
import { clerk, script } from "./stage.ts";

const [dataDirectory = ""] = process.argv.slice(2);
const forge = await createOmniForge({
  dataDirectory,
  durability: "process",
  agents: [clerk],
  models: { "scripted:test": scriptedModel(script) },
  work: true,
});
const { store } = forge.world;
const commit = store.commit.bind(store);
store.commit = async (given) => {
  const result = await commit(given);
  if (given.entries.some(({ kind }) => kind === "ended")) process.kill(process.pid, "SIGKILL");
  return result;
};
