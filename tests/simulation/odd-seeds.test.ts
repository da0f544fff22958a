import { describe } from "vitest";
import { claimSeeds } from "./claim-seeds.ts";

describe("the in-process engine, on every odd seed", () => {
  claimSeeds(1, 2);
});
