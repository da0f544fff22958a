import { describe } from "vitest";
import { claimSeeds } from "./claim-seeds.ts";

describe("the in-process engine, on every even seed", () => {
  claimSeeds(0, 2);
});
