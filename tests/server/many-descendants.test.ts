import { defineAgent } from "omniforge";
import { entry } from "omniforge/protocol";
import { expect, it } from "vitest";
import { createServer } from "../../packages/omniforge/src/server/index.ts";
import { openStage } from "../a2a/stage.ts";

it("a stream with sub-agents goes on where it was, and pages tell of 64, however many have been opened since", async () => {
  const agent = defineAgent({ name: "parent", instructions: "x" });
  await using stage = await openStage([agent], async ({ signal }) => {
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    return { text: "x" };
  });
  const { forge } = stage;
  const { task, tenant } = await forge.submit(agent, "go");
  const { store } = forge.world;
  const row = await store.row({ tenant, task });
  if (row === undefined) throw new Error("there is no task");
  const specs = { hash: row.specHash, set: agent.specSet("scripted:test") };
  const open = async (index: number): Promise<void> => {
    const { limits, loopVersion } = row;
    const child = `${task}.1.${index}`;
    await store.create({
      tenant,
      task: child,
      agent: "parent",
      specs,
      limits,
      loopVersion,
      root: task,
      depth: 1,
      engine: "temporal",
      parent: { task, key: `1/tool/${index}` },
      message: { id: "first", message: { v: 1, role: "user", parts: [] } },
      at: Date.now() + index,
    });
    const opened = entry("child", { task: child, agent: "parent" }, `1/open/${index}`);
    await store.commit({ tenant, task, at: Date.now(), entries: [opened] });
  };
  await open(0);
  const app = createServer(forge);
  const path = `/api/v1/tasks/${task}/events?tree=true`;
  const headers = { accept: "text/event-stream" };
  const first: ReadableStream<Uint8Array> | null = (await app.request(path, { headers })).body;
  const reader = first?.getReader();
  let text = "";
  while (!text.includes('"kind":"child"')) text += new TextDecoder().decode((await reader?.read())?.value);
  await reader?.cancel();
  for (let index = 1; index <= 1_000; index++) await open(index);
  const id = [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "";
  const again = await app.request(path, { headers: { ...headers, "last-event-id": id } });
  await again.body?.cancel();
  expect(again.status).toBe(200);
  const told = new Set<string>();
  for (let next: string | undefined = "0"; next !== undefined;) {
    const response = await app.request(`${path}&limit=1000&after=${next}`);
    const { items, ...rest } = (await response.json()) as { items: { task: string }[]; next?: string };
    for (const item of items) told.add(item.task);
    next = rest.next;
  }
  app.stop();
  expect(told.size).toBe(65);
}, 120_000);
