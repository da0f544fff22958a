/** Releases of agents on one server: who goes on with a task that was begun by the release before. */
import { temporal as api } from "@temporalio/proto";
import { askHumanTool } from "omniforge";
import { stepKey } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Deployment } from "../../packages/temporal/src/index.ts";
import { createPlace, type Place } from "./namespace.ts";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until, type TestWorld } from "./world.ts";

const { SetWorkerDeploymentCurrentVersionRequest } = api.api.workflowservice.v1;
const { ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS: inProgress } = api.api.enums.v1.RoutingConfigUpdateState;
const deploymentName = "agents";

describe.skipIf(skipped !== "")(`versions of a deployment${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  let place: Place;
  let bench: Bench;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    place = await createPlace(server);
    bench = createBench({ ...server, namespace: place.namespace });
  });
  afterEach(() => bench.close());

  const openVersion = (world: TestWorld, deployment: Deployment) =>
    bench.open(world, { worker: { identity: deployment.build, deployment } });

  /** What `temporal worker deployment set-current-version` does, and until every queue goes by it. */
  async function makeCurrent(buildId: string): Promise<void> {
    const asked = { namespace: place.namespace, deploymentName };
    const { workflowService } = server.client;
    await until(async () => {
      try {
        // The version is known once a worker of it has polled.
        return await workflowService.setWorkerDeploymentCurrentVersion(
          SetWorkerDeploymentCurrentVersionRequest.fromObject({ ...asked, buildId, identity: "test" }),
        );
      } catch {
        return undefined;
      }
    }, patience);
    await until(async () => {
      const { workerDeploymentInfo: found } = await workflowService.describeWorkerDeployment(asked);
      const isCurrent = found?.routingConfig?.currentDeploymentVersion?.buildId === buildId;
      return isCurrent && found?.routingConfigUpdateState !== inProgress ? true : undefined;
    }, patience);
  }

  async function decidedBy(task: string): Promise<readonly (string | null | undefined)[]> {
    const { history } = await server.client.workflowService.getWorkflowExecutionHistory({
      namespace: place.namespace,
      execution: { workflowId: task },
    });
    const decided = (history?.events ?? []).flatMap(
      (event) => event.workflowTaskCompletedEventAttributes ?? [],
    );
    return [...new Set(decided.map(({ identity }) => identity))];
  }

  test.each([
    { pinned: false, claim: "moves to the current version", by: ["1", "2"] },
    { pinned: true, claim: "stays with the version that began it, where it is pinned", by: ["1"] },
  ])("a task $claim", async ({ pinned, by }) => {
    const world = createWorld({
      tools: [askHumanTool],
      script: ({ results }) =>
        results.length === 0
          ? { calls: [{ name: "ask_human", arguments: { question: "Go on?" } }] }
          : { text: "gone on" },
    });
    const first = await openVersion(world, { name: deploymentName, build: "1", pinned });
    await makeCurrent("1");
    const task = await world.create(testAgent({ tools: [askHumanTool] }));
    await first.start(task);
    await until(async () => ((await world.rowOf(task)).parkedAtWakes === null ? undefined : true), patience);
    expect(await first.isAnyoneWorking()).toBe(true);
    await openVersion(world, { name: deploymentName, build: "2", pinned });
    await makeCurrent("2");
    const answer = { decision: "answer" as const, value: "yes" };
    await world.say(task, { kind: "answer", request: stepKey(1, "tool", 0), answer });
    await first.wake(task);
    expect(await world.ended(task, patience)).toMatchObject({ state: "completed" });
    await until(async () => ((await first.describe(task)) === "closed" ? true : undefined), patience);
    expect(await decidedBy(task.task)).toEqual(by);
  });
});
