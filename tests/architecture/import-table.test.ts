import { describe, expect, it } from "vitest";
import { violations } from "./import-table.ts";
import { readSources } from "./read-sources.ts";

const core = "packages/omniforge/src";
const sandbox = "packages/temporal/src/sandbox";

describe("the import table", () => {
  it("is kept by every source", () => {
    expect(readSources().flatMap(violations)).toEqual([]);
  });

  it.each([
    ["the protocol knows Node", `${core}/protocol/a.ts`, `import { readFileSync } from "node:fs";`],
    [
      "the protocol knows the loop",
      `${core}/protocol/a.ts`,
      `import type { Effects } from "../loop/effects.ts";`,
    ],
    ["the loop runs the protocol", `${core}/loop/a.ts`, `import { Call } from "../protocol/call.ts";`],
    [
      "the loop keeps an inline type import",
      `${core}/loop/a.ts`,
      `import { type Call } from "../protocol/call.ts";`,
    ],
    ["the loop knows a package", `${core}/loop/a.ts`, `import type { z } from "zod";`],
    ["the loop knows a store", `${core}/loop/a.ts`, `export * from "../store/task-store.ts";`],
    ["a step knows an engine", `${core}/steps/a.ts`, `import { inProcess } from "../in-process/backend.ts";`],
    ["a tool knows the server", `${core}/tools/a.ts`, `import { app } from "../server/app.ts";`],
    ["a store knows the command line", `${core}/store/sqlite/a.ts`, `import "../../cli/main.ts";`],
    [
      "the server names an engine",
      `${core}/server/a.ts`,
      `const x = await import("../in-process/backend.ts");`,
    ],
    [
      "the engine knows the other one",
      `${core}/in-process/a.ts`,
      `import { temporal } from "@omniforge/temporal";`,
    ],
    [
      "the test kit names an engine",
      `${core}/testing/a.ts`,
      `import { inProcess } from "../in-process/backend.ts";`,
    ],
    [
      "an entry point names Temporal's SDK",
      `${core}/index.ts`,
      `import { Client } from "@temporalio/client";`,
    ],
    [
      "a step knows the provider's shapes",
      `${core}/steps/a.ts`,
      `import type { X } from "@ai-sdk/provider";`,
    ],
    [
      "a second module names a provider's package",
      `${core}/models/a.ts`,
      `const x = await import("@ai-sdk/openai");`,
    ],
    ["a second file opens SQLite", `${core}/steps/a.ts`, `import { DatabaseSync } from "node:sqlite";`],
    ["a step speaks to Redis", `${core}/steps/a.ts`, `const x = await import("redis");`],
    ["live events know a step", `${core}/events/a.ts`, `import { record } from "../steps/step.ts";`],
    ["the client knows Node", `${core}/client/a.ts`, `import { once } from "node:events";`],
    [
      "the other engine reaches into omniforge",
      "packages/temporal/src/a.ts",
      `import { x } from "../../omniforge/src/steps/a.ts";`,
    ],
    [
      "the sandbox knows an activity",
      `${sandbox}/a.ts`,
      `import type * as activities from "../activities.ts";`,
    ],
    ["the sandbox runs the protocol", `${sandbox}/a.ts`, `import { Call } from "omniforge/protocol";`],
    ["the sandbox knows the client", `${sandbox}/a.ts`, `import { Client } from "@temporalio/client";`],
  ])("finds that %s", (_claim, path, text) => {
    expect(violations({ path, text })).toHaveLength(1);
  });

  it.each([
    [
      "the loop's types of the protocol",
      `${core}/loop/a.ts`,
      `import type {\n  Call,\n} from "../protocol/call.ts";`,
    ],
    [
      "the command line's choice of an engine",
      `${core}/cli/a.ts`,
      `const x = await import("@omniforge/temporal");`,
    ],
    [
      "the entry point's default engine",
      `${core}/index.ts`,
      `import { inProcess } from "./in-process/backend.ts";`,
    ],
    [
      "the sandbox's loop and SDK",
      `${sandbox}/a.ts`,
      `import { runAgent } from "omniforge/loop";\nimport { sleep } from "@temporalio/workflow";`,
    ],
    ["a test beside the loop", `${core}/loop/a.test.ts`, `import { it } from "vitest";`],
    ["a comment that shows an import", `${core}/loop/a.ts`, `// import { z } from "zod";`],
  ])("allows %s", (_claim, path, text) => {
    expect(violations({ path, text })).toEqual([]);
  });
});
