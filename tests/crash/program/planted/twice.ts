/** Planted: a tool that appends twice each time, and says nothing of it. */
import { defineCrashProgram } from "omniforge/testing";
import careless from "./careless.ts";

export default defineCrashProgram((stage) =>
  careless({
    ...stage,
    ledger: {
      ...stage.ledger,
      effect(key, what) {
        stage.ledger.effect(key, what);
        stage.ledger.effect(key, what);
      },
    },
  }),
);
