import { describe, expect, it } from "vitest";
import { defineAgent, type Agent } from "./define-agent.ts";

const named = (name: string, instructions: string, agents: readonly Agent[] = []): Agent =>
  defineAgent({ name, instructions, agents });

describe("an agent's sub-agents", () => {
  it("may be the same agent in several places", () => {
    const shared = named("reader", "You read.");
    const { agents } = named("boss", "You lead.", [named("deputy", "You help.", [shared]), shared]).specSet(
      "x:y",
    );
    expect(Object.keys(agents).toSorted()).toEqual(["boss", "deputy", "reader"]);
  });

  it("are refused where two that differ have one name: the one would be run for the other", () => {
    const deputy = named("deputy", "You help.", [named("reader", "You read aloud.")]);
    expect(() => named("boss", "You lead.", [deputy, named("reader", "You read in silence.")])).toThrow(
      "agent boss has two different agents named reader below it",
    );
    expect(() => named("boss", "You lead.", [named("boss", "You lead, too.")])).toThrow(
      "agent boss has a sub-agent of its own name",
    );
  });

  it("may have names that objects have members of", () => {
    const agent = named("constructor", "You make.", [named("toString", "You write.")]);
    expect(agent.specSet("x:y").agents["toString"]?.instructions).toBe("You write.");
  });
});
