import { describe, expect, it } from "vitest";
import { readSources } from "./read-sources.ts";
import { broken } from "./source-rules.ts";

const path = "packages/omniforge/src/loop/run-agent.ts";
const lines = (count: number): string => "export {};\n".repeat(count);
/** A bad sample is written with a tilde, so that this file does not break the rule itself. */
const joined = (text: string): string => text.replace("~", "");

describe("the rules for sources", () => {
  it("are kept by every source", () => {
    expect(readSources().flatMap(broken)).toEqual([]);
  });

  it("see the sources of both packages and the tests", () => {
    const paths = readSources().map((source) => source.path);
    expect(paths).toContain("packages/omniforge/src/loop/run-agent.ts");
    expect(paths).toContain("tests/architecture/source-rules.test.ts");
    expect(paths.filter((each) => /node_modules|\/dist\//.test(each))).toEqual([]);
  });

  it("allow 400 lines and not one more", () => {
    expect(broken({ path, text: lines(400) })).toEqual([]);
    expect(broken({ path, text: lines(401) })).toHaveLength(1);
  });

  it.each([
    "src/utils.ts",
    "src/string-helpers.ts",
    "src/common/ids.ts",
    "src/misc.ts",
    "src/task-manager.ts",
  ])("find that %s is not named for what it owns", (name) => {
    expect(broken({ path: name, text: "" })).toHaveLength(1);
  });

  it.each(["// TO~DO later", "/* fix~me */", 'throw new Error("not yet imp~lemented");'])(
    "find open work in %j",
    (text) => {
      expect(broken({ path, text: joined(text) })).toHaveLength(1);
    },
  );

  it.each(["x as~ any;", "let x:~ any;", "Array<~any>", "// @ts-~ignore", "// @ts-~nocheck"])(
    "find that %j turns the compiler off",
    (text) => {
      expect(broken({ path, text: joined(text) })).toHaveLength(1);
    },
  );

  it.each(["// Backends:~ any number of them.", "const many = company;", "type Ha~cksaw = string;"])(
    "let %j pass",
    (text) => {
      expect(broken({ path, text: joined(text) })).toEqual([]);
    },
  );
});
