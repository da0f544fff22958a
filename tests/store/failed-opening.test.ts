import { createOmniForge, inProcess } from "omniforge";
import type { BackendFactory } from "omniforge/backend";
import type { TaskStore } from "omniforge/store";
import { afterAll, expect, it } from "vitest";
import { answering } from "../invariants/scripts.ts";
import { openWorld } from "../invariants/world.ts";
import { folder } from "./processes.ts";

const directories = folder();
afterAll(directories.remove);

it("an OmniForge that can't open its engine has closed its store", async () => {
  const stores: TaskStore[] = [];
  const backend: BackendFactory = ({ store }) => {
    stores.push(store);
    return Promise.reject(new Error("no engine"));
  };
  await expect(createOmniForge({ dataDirectory: directories.path("no-engine"), backend })).rejects.toThrow(
    "no engine",
  );
  await expect(stores[0]?.row({ tenant: "acme", task: "any" })).rejects.toThrow(/not open/);
});

it("an engine that can't start leaves no timer behind that looks at its store", async () => {
  const world = openWorld(
    { script: answering },
    {
      store: (sound) => ({
        ...sound,
        executions: { ...sound.executions, beat: () => Promise.reject(new Error("the disk is full")) },
      }),
    },
  );
  let running = 0;
  const every = (): (() => void) => {
    running++;
    return () => void running--;
  };
  const soon = (call: () => void): void => void setImmediate(call);
  const timers = { every, after: every, soon, elapsed: () => 0 };
  await expect(inProcess({ timers })(world, { work: true })).rejects.toThrow("the disk is full");
  await world.close();
  expect(running).toBe(0);
});
