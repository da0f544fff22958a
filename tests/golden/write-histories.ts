/**
 * Records the golden histories: what a Temporal server keeps of tasks that stand in every kind of wait.
 *
 * Run by hand, once per release, never to repair a failing test: what is written stands for workflows that run at people's.
 * Usage: node --conditions=omniforge:source tests/golden/write-histories.ts [course …]
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readRuns } from "../temporal/history.ts";
import { resetRun } from "../temporal/reset.ts";
import { createBench } from "../temporal/setup.ts";
import { startServer, type TestServer } from "../temporal/server.ts";
import { createWorld, until } from "../temporal/world.ts";
import { attributes } from "../../packages/temporal/src/sandbox/labels.ts";
import { courses, labelled, secret, type Course, type Stage } from "./courses.ts";
import { folder, toJson, type Recorded } from "./histories.ts";

/** Names of machines and processes: whoever records differs, and says nothing. */
const nameless = (name: string, value: unknown): unknown =>
  name === "identity" || name === "requestId" || name === "taskId" ? undefined : value;

async function record(server: TestServer, name: string, course: Course): Promise<void> {
  const bench = createBench(server);
  // A tool that is deaf to its cancellation stays so for as long as the recording takes.
  const world = { ...createWorld({ script: course.script, tools: course.tools }), cancelGraceMs: 60_000 };
  const worker = { shutdownGraceMs: 100, identity: "golden" };
  const backend = await bench.open(world, { worker, reconcile: { everyMs: 600_000 } });
  const task = await world.create(course.agent, `${secret}, please`);
  const { workflow } = server.client;
  const stage: Stage = {
    world,
    backend,
    task,
    signal: (signal, input) => workflow.getHandle(task.task).signal(signal, input),
    async reset() {
      const { runId } = await workflow.getHandle(task.task).describe();
      await resetRun(server, task.task, runId);
    },
    async events(type) {
      const { events } = await workflow.getHandle(task.task).fetchHistory();
      return (events ?? []).filter((event) => Object.hasOwn(event, `${type}EventAttributes`)).length;
    },
  };
  await backend.start(task);
  await course.play(stage);
  await untilQuiet(server, task.task);

  const rows = await world.store.list({ tenant: task.tenant, root: task.task, limit: 10 });
  const runs = await Promise.all(
    rows.map(async ({ task: id, firstRun, currentRun }) => {
      const chain = await readRuns(server.client, id, firstRun ?? "");
      // A reset run continues nothing: the one before it was terminated.
      const isReset = chain.every(({ run }) => run !== currentRun);
      const reset = isReset ? await readRuns(server.client, id, currentRun ?? "") : [];
      return [...chain, ...reset].map(({ history }) => ({ task: id, history }));
    }),
  );
  const recorded: Recorded[] = runs.flat().map(({ task: id, history }) => ({
    task: id,
    history: JSON.parse(JSON.stringify(toJson(history)), nameless) as Recorded["history"],
  }));
  writeFileSync(new URL(`${name}.json`, folder), asLines(recorded));
  console.log(`${name}: runs of ${recorded.map(({ history }) => history.events.length).join(", ")} events`);
  await bench.close();
}

/** Until the workflow has nothing to do: what it was told last is in its history. */
async function untilQuiet({ client }: TestServer, task: string): Promise<void> {
  await until(async () => {
    const { raw } = await client.workflow.getHandle(task).describe();
    return raw.pendingWorkflowTask === null || raw.pendingWorkflowTask === undefined || undefined;
  });
  await sleep(100);
}

/** An event a line. */
function asLines(recorded: readonly Recorded[]): string {
  const run = ({ task, history }: Recorded): string => {
    const events = history.events.map((event) => JSON.stringify(event)).join(",\n");
    return `{"task": ${JSON.stringify(task)}, "history": {"events": [\n${events}\n]}}`;
  };
  return `[\n${recorded.map(run).join(",\n")}\n]\n`;
}

const named = process.argv.slice(2);
if (named.length === 0) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const isWanted = (name: string): boolean => named.length === 0 || named.includes(name);
const server = await startServer();
try {
  for (const [name, course] of Object.entries(courses))
    if (isWanted(name)) await record(server, name, course);
} finally {
  await server.stop();
}
const knowing = await startServer(
  Object.values(attributes).flatMap((name) => ["--search-attribute", `${name}=Keyword`]),
);
try {
  for (const name of labelled) {
    const course = courses[name];
    if (course !== undefined && isWanted(`${name}.labelled`))
      await record(knowing, `${name}.labelled`, course);
  }
} finally {
  await knowing.stop();
}
process.exit();
