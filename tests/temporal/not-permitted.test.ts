/** A server that lets this process run tasks, and neither see nor register search attributes. */
import { OmniForgeError } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { inspect, setUp } from "../../packages/temporal/src/index.ts";
import { createPlace, type Place } from "./namespace.ts";
import { startRelay, type Relay } from "./relay.ts";
import { createBench, type Bench } from "./setup.ts";
import { patience, skipped, startServer, type TestServer } from "./server.ts";
import { createWorld, testAgent, until } from "./world.ts";

/** As gRPC numbers them. */
const permissionDenied = 7;
const unimplemented = 12;
const names = ["OmniForgeAgent", "OmniForgeTenant", "OmniForgeRoot", "OmniForgeState"];

describe.skipIf(skipped !== "")(
  `without rights to search attributes${skipped}`,
  { timeout: patience },
  () => {
    let server: TestServer;
    let place: Place;
    let relay: Relay;
    let bench: Bench;
    beforeAll(async () => {
      server = await startServer();
    });
    afterAll(() => server.stop());
    beforeEach(async () => {
      // Of its own: search attributes are registered once, and for good.
      place = await createPlace(server);
      relay = await startRelay(server.address, "OperatorService", permissionDenied);
      bench = createBench({ ...server, ...place, address: relay.address });
    });
    afterEach(async () => {
      await bench.close();
      relay.close();
    });

    async function found(query: string): Promise<string[]> {
      const { namespace } = place;
      const { executions } = await server.client.workflowService.listWorkflowExecutions({ namespace, query });
      return (executions ?? []).map(({ execution }) => execution?.workflowId ?? "");
    }

    /** Runs a task to its end, twice; what was said meanwhile. */
    async function ran(): Promise<{
      readonly tasks: readonly string[];
      readonly notices: readonly string[];
    }> {
      const notices: string[] = [];
      const world = createWorld({ script: () => ({ text: "done" }) });
      const backend = await bench.open(world, { onNotice: (notice) => notices.push(notice) });
      const tasks: string[] = [];
      for (let at = 0; at < 2; at++) {
        const task = await world.create(testAgent());
        await backend.start(task);
        expect(await world.ended(task)).toMatchObject({ state: "completed" });
        tasks.push(task.task);
      }
      expect(bench.errors).toEqual([]);
      return { tasks, notices };
    }

    test("tasks are found by the attributes that somebody else has registered", async () => {
      await setUp(place);
      // Registered is not yet known everywhere in the server.
      await until(async () => (await found('OmniForgeState = "none"').catch(() => undefined)) && true);
      const { tasks, notices } = await ran();
      const query = 'OmniForgeAgent = "tester" AND OmniForgeState = "completed"';
      await until(async () => (await found(query)).length === tasks.length || undefined);
      expect(new Set(await found(query))).toEqual(new Set(tasks));
      expect(notices).toEqual([]);
    });

    test("tasks run all the same where nobody has registered them, and it is said once", async () => {
      const { notices } = await ran();
      expect(notices).toEqual([expect.stringContaining(`refuses ${names.join(", ")}`)]);
    });

    test.each([
      ["PERMISSION_DENIED", permissionDenied],
      ["UNIMPLEMENTED", unimplemented],
    ])("whoever sets it up is told what to register by hand (%s)", async (word, status) => {
      const refusing = await startRelay(server.address, "OperatorService", status);
      const refused: unknown = await setUp({ ...place, address: refusing.address }).catch(
        (thrown: unknown) => thrown,
      );
      expect(OmniForgeError.is(refused, "FORBIDDEN")).toBe(true);
      expect(String(refused)).toMatch(
        `(${word}). Register them by hand, each of type Keyword: ${names.join(", ")}.`,
      );
      refusing.close();
    });

    test("whoever may see them, and register none, is told which are missing", async () => {
      const refusing = await startRelay(server.address, "AddSearchAttributes", permissionDenied);
      await expect(setUp({ ...place, address: refusing.address })).rejects.toMatchObject({
        code: "FORBIDDEN",
      });
      await setUp(place);
      expect(await setUp({ ...place, address: refusing.address })).toEqual([]);
      refusing.close();
    });

    test("a look at the server says that it may not see them", async () => {
      expect(await inspect({ ...place, address: relay.address })).not.toHaveProperty("missing");
    });
  },
);
