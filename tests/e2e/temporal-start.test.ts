/** `npm start` on Temporal: without a terminal, killed in the middle, started again, answered, done. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { workflowBundle } from "../../packages/temporal/src/bundle.ts";
import { createPlace } from "../temporal/namespace.ts";
import { patience, skipped, startServer, type TestServer } from "../temporal/server.ts";
import { omniforge, place, printedCommands, program, reportTable, typed, type Program } from "./program.ts";

const line = z.object({
  entry: z
    .object({
      kind: z.string(),
      key: z.string().optional(),
      body: z.looseObject({ name: z.string().optional() }),
    })
    .optional(),
});

describe.skipIf(skipped !== "")(`npm start on Temporal${skipped}`, { timeout: patience }, () => {
  let server: TestServer;
  let environment: Record<string, string>;
  beforeAll(async () => {
    server = await startServer();
    await workflowBundle();
    // Of its own: a given server may have other workers on the program's queue.
    const { address, namespace } = await createPlace(server);
    environment = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  }, patience);
  afterAll(() => server.stop());

  it("goes on after kill -9 with what it had finished, and once answered writes its report once", async () => {
    const here = await place();
    const start = (pace: string): Program =>
      program("start", [here.workspace, "--backend", "temporal", ...here.data], {
        environment: { ...environment, OMNIFORGE_DEMO_PACE: pace },
      });
    // The other engine's demo on the same folder is another task.
    const other = await program("start", [here.workspace, ...here.data]).ended;
    expect(other.stdout).toContain("may I run write");
    const killed = start("0.4");
    await killed.says("A new task");
    // Its first tools are done, and it thinks about what to do next.
    await killed.says("✓ ");
    await sleep(300);
    killed.child.kill("SIGKILL");
    expect((await killed.ended).stdout).not.toMatch(/may I run write|reused/);

    const killedAt = performance.now();
    const waiting = start("0");
    await waiting.says("may I run write with exactly this?");
    console.log(
      `npm start on Temporal: at the approval ${Math.round(performance.now() - killedAt)} ms after kill -9`,
    );
    const { code, stdout, stderr } = await waiting.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Continuing task");
    expect(stdout).toContain("✓ reused");

    const [approve = "", , goOn = ""] = printedCommands(stdout);
    expect(goOn).toContain("--backend temporal");
    const answered = await typed(approve, { environment });
    expect(answered).toMatchObject({ code: 0, stderr: "" });
    expect(answered.stdout).toContain("The answer is recorded");
    const last = await typed(goOn, { environment });
    expect(last).toMatchObject({ code: 0, stderr: "" });
    expect(last.stdout).toContain("`src/many.ts` has most: 2 lines");

    expect(await readFile(here.path("omniforge-report.md"), "utf8")).toContain(reportTable);
    const shown = await omniforge("show", "last", "--json", ...here.data);
    const entries = shown.stdout
      .trim()
      .split("\n")
      .flatMap((text) => line.parse(JSON.parse(text)).entry ?? []);
    const outcomes = entries.filter(({ kind }) => kind === "reply" || kind === "result");
    expect(new Set(outcomes.map(({ key }) => key)).size).toBe(outcomes.length);
    expect(outcomes.filter(({ kind }) => kind === "reply")).toHaveLength(4);
    expect(outcomes.filter(({ kind, body }) => kind === "result" && body.name === "write")).toHaveLength(1);
    await here.remove();
  });
});
