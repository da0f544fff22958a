import { defineConfig } from "vitest/config";

// Tests run the sources, unbuilt: `omniforge:source` is the export condition that leads to them. Vitest hands these
// conditions to Node too, so what a test imports through Node alone resolves alike.
const conditions = ["omniforge:source", "module", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "tests/**/*.test.ts"],
    // Many tests start real processes, and the smallest machine they run on has two cores.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    retry: 0,
    // A forgotten `.only` must not silence the rest of the suite.
    allowOnly: false,
  },
});
