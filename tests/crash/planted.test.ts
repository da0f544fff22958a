/** The harness fails where it should: agents and engines with a planted fault, each killed where the fault shows. */
import { describe, expect, it } from "vitest";
import { testCrashes, type CrashReport, type Kill } from "omniforge/testing";

const run = (name: string, plan: Kill): Promise<CrashReport> =>
  testCrashes(new URL(`program/planted/${name}.ts`, import.meta.url), { plans: [[plan]] });
const after = (point: string): Kill => ({ point, hit: 1, moment: "after" });
const before = (point: string): Kill => ({ point, hit: 1, moment: "before" });

describe("the harness notices", { timeout: 300_000 }, () => {
  it("a tool that is not as idempotent as it says", async () => {
    const { broken, kills } = await run("careless", after("effect appended crash/1/tool/0"));
    expect(kills).toBe(1);
    expect(broken.map(({ problem }) => problem)).toEqual([
      'crash/1/tool/0: "appended" took effect 2 times, though append declares effects: idempotent',
    ]);
  });

  it("a tool that appends twice, before anybody is killed", async () => {
    await expect(run("twice", { nth: 1 })).rejects.toThrow(
      /undisturbed, the program breaks promises in .*took effect 2 times/,
    );
  });

  it("an engine that repeats what was finished", async () => {
    const { broken } = await run("forgets-results", after("commit crash result 1/tool/0"));
    expect(broken.map(({ problem }) => problem).join("\n")).toContain(
      "crash/1/tool/0: executed again after its outcome was recorded",
    );
  });

  it("an engine that repeats a once tool", async () => {
    const { broken } = await run("forgets-claims", after("effect pay crash/1/tool/2"));
    expect(broken.map(({ problem }) => problem).join("\n")).toContain(
      "crash/1/tool/2: a once tool was repeated",
    );
  });

  it("an engine that pays twice for a reply", async () => {
    const { broken } = await run("pays-twice", before("commit crash claim 1/claim/2"));
    expect(broken.map(({ problem }) => problem).join("\n")).toContain(
      "crash/1/model/0: executed again after its outcome was recorded",
    );
  });

  it("and its report says how to see it again", async () => {
    const first = await run("careless", after("effect appended crash/1/tool/0"));
    const [broken] = first.broken;
    const again = await testCrashes(new URL("program/planted/careless.ts", import.meta.url), {
      plans: [broken?.plan ?? []],
    });
    expect(again.broken.map(({ problem }) => problem)).toEqual([broken?.problem]);
    expect(first.text).toContain(`replay: plans: [${JSON.stringify(broken?.plan)}]`);
  });
});
