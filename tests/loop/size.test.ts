import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { expect, it } from "vitest";

const folder = fileURLToPath(new URL("../../packages/omniforge/src/loop", import.meta.url));

it("the loop fits into 300 lines", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const lines = files.map((name) => readFileSync(join(folder, name), "utf8").split("\n").length - 1);
  expect(files).toContain("run-agent.ts");
  expect(lines.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(300);
});
