/** A process that runs tasks: the real engine, steps, loop and transcripts, on virtual time and the watched store. */
import { inProcess } from "omniforge";
import type { Backend } from "omniforge/backend";
import { OmniForgeError } from "omniforge/protocol";
import type { StepWorld } from "omniforge/steps";
import { memoryBlobs } from "omniforge/store";
import { checkedTranscripts } from "./checked-transcripts.ts";
import { placeStore } from "./place-store.ts";
import type { Plan } from "./plan.ts";
import type { Place } from "./schedule.ts";
import { announce, simulatedModel, type Announced } from "./simulated-model.ts";
import { simulatedTools, type Surroundings } from "./simulated-tools.ts";

export interface Incarnation extends Place {
  /** None until it has started. */
  backend: Backend | undefined;
  stopping: boolean;
}

export const timing = { pollMs: 1_500, beatMs: 3_000, leaseMs: 8_000, stopGraceMs: 2_500, tasks: 1_000 };

/** What a mutant may put in the place of parts of a world. */
export type Alter = (world: StepWorld) => StepWorld;

export function startIncarnation(
  around: Surroundings,
  plan: Plan,
  { name, bare, alter }: { readonly name: string; readonly bare: boolean; readonly alter: Alter },
): Incarnation {
  const { schedule, ledger } = around;
  const place: Incarnation = { name, state: "runs", backend: undefined, stopping: false };
  const world = alter(worldOf(around, place, plan, { people: false, bare }));
  const onError = (thrown: unknown): void => {
    // A disk that is full is the simulation's doing; everything else that a run throws is a defect.
    if (OmniForgeError.is(thrown, "STORE_FAILED")) return;
    ledger.breach("engine", thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
  };
  const timers = {
    every: (ms: number, call: () => void) => schedule.every(place, ms, call),
    after: (ms: number, call: () => void) => schedule.after(place, ms, call),
    soon: (call: () => void) => schedule.soon(place, call),
    elapsed: () => schedule.now(),
  };
  inProcess({ ...timing, slots: plan.slots, timers, onError })(world, { work: true }).then((backend) => {
    place.backend = backend;
  }, onError);
  return place;
}

/** What steps need, for any place. People have one too: they accept. */
export function worldOf(
  around: Surroundings,
  place: Place,
  plan: Plan,
  { people, bare }: { readonly people: boolean; readonly bare: boolean },
): StepWorld {
  const { schedule, watch, ledger } = around;
  const store = placeStore(around, place, { mayFail: !people, fenced: plan.fenced });
  const announced: Announced = { task: "", key: "" };
  const model = simulatedModel(around, place, plan, announced);
  let drawn = 0;
  return {
    store,
    blobs: memoryBlobs(),
    tools: simulatedTools(around, place, bare),
    models: { register: () => undefined, has: () => true, get: () => model, list: () => [] },
    transcripts: checkedTranscripts(store, watch.store, ledger),
    now: () => schedule.now(),
    sleep: (ms, signal) => schedule.sleep(place, ms, signal),
    nonce: () => `${place.name}-${drawn++}`,
    publish(event) {
      announce(announced, event);
      if (event.type !== "entry") return;
      const stored = watch.tasks.get(event.task)?.log[event.entry.seq - 1];
      if (stored === undefined)
        ledger.breach("W1", `${event.task} #${event.entry.seq} is published and not stored`);
    },
    workspace: "/",
    cancelGraceMs: 1_000,
  };
}
