import { defineConfig, mergeConfig } from "vitest/config";
import repository from "../../vitest.config.ts";

// The long crash tests, which `npm test` leaves out: `npm run test:crash`.
const { include: _short, ...test } = repository.test ?? {};
export default mergeConfig(
  { ...repository, test },
  defineConfig({ test: { include: ["tests/crash/**/*.crash.ts"] } }),
);
