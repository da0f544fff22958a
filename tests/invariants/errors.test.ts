/** One error class, known in every realm, and one table that says what each code means. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { createContext, runInContext, runInNewContext } from "node:vm";
import { errorTable, OmniForgeError, toFailure, type ErrorCode } from "omniforge/protocol";
import { describe, expect, it } from "vitest";

/** The class as another copy of the package, in another realm, would have it. */
function foreignError(code: ErrorCode, message: string): unknown {
  const file = new URL("../../packages/omniforge/src/protocol/error.ts", import.meta.url);
  const source = stripTypeScriptTypes(readFileSync(file, "utf8"), { mode: "transform" }).replaceAll(
    /^export /gm,
    "",
  );
  const context = createContext({ code, message });
  return runInContext(`${source}; new OmniForgeError(code, message)`, context);
}

describe("an OmniForge error", () => {
  it("is known in every realm, by its code too", () => {
    const foreign = foreignError("TASK_ENDED", "over");
    expect(foreign instanceof OmniForgeError || foreign instanceof Error).toBe(false);
    expect(OmniForgeError.is(foreign)).toBe(true);
    expect([OmniForgeError.is(foreign, "TASK_ENDED"), OmniForgeError.is(foreign, "TASK_LOST")]).toEqual([
      true,
      false,
    ]);
    expect(toFailure(foreign)).toEqual({ code: "TASK_ENDED", message: "over" });
  });

  it.each([undefined, null, 7, "TASK_ENDED", {}, { code: "TASK_ENDED" }, new Error("TASK_ENDED")])(
    "is not what %s is",
    (value) => {
      expect(OmniForgeError.is(value)).toBe(false);
    },
  );

  it("keeps its cause and details", () => {
    const cause = new Error("inner");
    const error = new OmniForgeError("STORE_FAILED", "outer", { cause, details: { path: "a" } });
    expect([error.cause, error.details, error.name]).toEqual([cause, { path: "a" }, "OmniForgeError"]);
    expect(Object.keys(error)).not.toContain("omniforge.error");
  });
});

describe("every code", () => {
  it.each(Object.keys(errorTable) as ErrorCode[])(
    "has a status, a word on retrying and a remedy: %s",
    (code) => {
      const error = new OmniForgeError(code, "m");
      expect(error.status).toBeGreaterThanOrEqual(400);
      expect(error.status).toBeLessThan(600);
      expect(typeof error.retryable).toBe("boolean");
      expect(error.remedy).toMatch(/^[A-Z].*\.$/);
    },
  );
});

describe("what is stored of anything thrown", () => {
  it("says what is known of it, and never throws", () => {
    expect(toFailure(new Error("broke"))).toEqual({ code: "INTERNAL", message: "broke" });
    expect(toFailure(new TypeError(""), "TOOL_FAILED")).toEqual({
      code: "TOOL_FAILED",
      message: "TypeError",
    });
    expect(toFailure("just text").message).toBe("just text");
    for (const odd of [undefined, null, 7, {}, Symbol("s"), () => 1])
      expect(toFailure(odd).message).toContain("not an Error");
  });

  it("keeps the message of an error of another realm", () => {
    expect(toFailure(runInNewContext(`new RangeError("too far")`))).toEqual({
      code: "INTERNAL",
      message: "too far",
    });
  });
});
