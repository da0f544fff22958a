import { array, assert, asyncProperty, constantFrom } from "fast-check";
import { entry } from "../protocol/entry.ts";
import { noUsage, userMessage } from "../protocol/message.ts";
import { stepKey } from "../protocol/step-key.ts";
import { memoryStore } from "../store/memory/memory-store.ts";
import type { TaskStore, TurnRead } from "../store/task-store.ts";
import { commit, create, first, message, reply, result } from "../testing/store-contract/claim.ts";
import { describe, expect, it } from "vitest";
import { createTranscripts } from "./load-transcript.ts";

async function readTurn(store: TaskStore): Promise<TurnRead> {
  const read = await store.turn(first);
  if (read === undefined) throw new Error("the task is missing");
  return read;
}

/** What may happen to a log between two model calls. */
const events = ["say", "turn", "settle", "compact", "look", "forget"] as const;

async function happen(store: TaskStore, event: (typeof events)[number], step: number): Promise<void> {
  const { row, entries } = await readTurn(store);
  switch (event) {
    case "say":
      await commit(store, { entries: [message(`said ${step}`)], accepts: `message:said ${step}` });
      return;
    case "turn": {
      const said = (await store.read(first, 0)).flatMap((one) =>
        one.kind === "message" ? [one.body.id] : [],
      );
      const took = said.slice(row.taken);
      const parts = [{ type: "text" as const, text: `reply ${step}` }];
      await commit(store, {
        entries: [reply(row.turn + 1, { took, parts })],
        turn: row.turn + 1,
        opensTurn: true,
      });
      return;
    }
    case "settle":
      await commit(store, { entries: [result(row.turn, step % 3, `result ${step}`)], turn: row.turn });
      return;
    case "compact": {
      const body = {
        outcome: "compacted" as const,
        epoch: row.epoch + 1,
        usage: noUsage,
        summary: userMessage(`summary ${step}`),
      };
      if (row.turn > 0 && entries.every(({ kind }) => kind !== "compaction"))
        await commit(store, {
          entries: [entry("compaction", body, stepKey(row.turn, "compact", 0))],
          turn: row.turn,
        });
      return;
    }
    case "look":
    case "forget":
      return;
  }
}

describe("a transcript that grows by what its step has read", () => {
  it("is the one that is built from the log", async () => {
    await assert(
      asyncProperty(array(constantFrom(...events), { maxLength: 30 }), async (plan) => {
        const store = memoryStore();
        await create(store);
        const growing = createTranscripts(store);
        for (const [step, event] of plan.entries()) {
          await happen(store, event, step);
          if (event === "forget") growing.evict(first);
          if (event !== "look") continue;
          const { row, entries } = await readTurn(store);
          expect(await growing.load(row, entries)).toEqual(
            await createTranscripts(store).load({ ...row, epochSeq: 0 }),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it("reads nothing that its step has read", async () => {
    const store = memoryStore();
    await create(store);
    let reads = 0;
    const growing = createTranscripts({ ...store, read: (...of) => (reads++, store.read(...of)) });
    for (const turn of [1, 2, 3, 4]) {
      const { row, entries } = await readTurn(store);
      await growing.load(row, entries);
      await commit(store, { entries: [reply(turn)], turn, opensTurn: true });
      await commit(store, { entries: [result(turn, 0)], turn });
    }
    expect(reads).toBe(1);
  });
});
