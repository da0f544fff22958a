/** The people around a task: they order it, say things, answer rightly, wrongly, twice or late, and cancel. */
import type { Backend } from "omniforge/backend";
import {
  OmniForgeError,
  userMessage,
  type Answer,
  type ErrorCode,
  type Input,
  type InputRequest,
  type TaskReference,
} from "omniforge/protocol";
import { accept, createTask, type StepWorld } from "omniforge/steps";
import { specSet } from "./catalogue.ts";
import type { Draw } from "./draw.ts";
import { worldOf } from "./incarnation.ts";
import type { Deed, Plan } from "./plan.ts";
import type { Place } from "./schedule.ts";
import type { Surroundings } from "./simulated-tools.ts";
import { entriesOf, tenant } from "./watch.ts";

/** What was promised to people: it must be found in the log. */
export interface Promised {
  readonly task: string;
  readonly id: string;
  readonly said: string;
}

type Tell = (tell: (backend: Backend) => Promise<void>) => void;

/** Refusals that any input may meet, however right it is. */
const fair: readonly ErrorCode[] = ["TASK_ENDED", "ALREADY_ANSWERED", "DEADLINE_PASSED"];

export class People {
  readonly #around: Surroundings;
  readonly #draw: Draw;
  readonly #plan: Plan;
  readonly #world: StepWorld;
  readonly #tell: Tell;
  readonly #asked = new Set<string>();
  readonly #noticed = new Set<string>();
  readonly place: Place = { name: "people", state: "runs", lag: 60 };
  readonly promised: Promised[] = [];
  /** Those that die once they have committed something. */
  readonly passersBy: Place[] = [];
  #count = 0;
  /** Inputs that are still on their way. */
  busy = 0;

  constructor(around: Surroundings, plan: Plan, draw: Draw, tell: Tell) {
    this.#around = around;
    this.#plan = plan;
    this.#draw = draw;
    this.#tell = tell;
    this.#world = worldOf(around, this.place, plan, { people: true, bare: false });
  }

  /** Orders the task; the same order again is the same task. */
  submit(): void {
    const order = {
      tenant,
      task: this.#count++ === 0 ? "root" : `again-${this.#count}`,
      specs: specSet(this.#plan.agents),
      engine: "in-process" as const,
      message: { id: "first", message: userMessage("first") },
      idempotencyKey: "order",
    };
    void this.#attempt([], async () => {
      const { row } = await createTask(this.#world, order);
      if (row.task !== "root")
        this.#around.ledger.breach("P1", `the order was carried out twice, as ${row.task}`);
      this.#tell((backend) => backend.start(row));
    });
  }

  do(deed: Deed): void {
    const rows = this.#around.watch.rows();
    const row = this.#draw.pick(rows);
    if (row === undefined) return;
    const id = `said-${this.#count++}`;
    switch (deed) {
      case "submit-again":
        return this.submit();
      case "message":
        return this.#say(row, { kind: "message", id, message: userMessage(id) });
      case "double-message":
        this.#say(row, { kind: "message", id, message: userMessage(id) });
        return this.#say(row, { kind: "message", id, message: userMessage(id) });
      case "cancel":
        return this.#say(rows[0] ?? row, { kind: "cancel", id });
      case "cancel-child":
        return this.#say(rows.at(-1) ?? row, { kind: "cancel", id });
      case "half-cancel":
        return this.#cancelHalf(id);
      case "stray-answer":
        return this.#answerAgain(row.task);
    }
  }

  /** Requests that are open as far as the log says. */
  get pending(): readonly { readonly task: string; readonly request: InputRequest }[] {
    return this.#around.watch
      .rows()
      .flatMap(({ task, pending }) => pending.map((request) => ({ task, request })));
  }

  /** Answers one open request, in whichever way people do. */
  answerSomehow(): void {
    const open = this.#draw.pick(this.pending);
    if (open === undefined) return;
    const how = this.#draw.next();
    if (how < 0.1) return this.#answerWrongly(open.task, open.request);
    this.answer(open.task, open.request, how < 0.2);
    if (how > 0.9) this.answer(open.task, open.request, true);
  }

  /** Answers a request so that the task goes on, or refuses it. */
  answer(task: string, request: InputRequest, refuse = false): void {
    const { kind, schema } = request;
    const edits = !refuse && kind === "approval" && this.#draw.chance(0.3);
    const answer: Answer = refuse
      ? { decision: "reject" }
      : kind === "question"
        ? { decision: "answer", value: schema === undefined ? `told ${this.#count++}` : "yes" }
        : {
            decision: "approve",
            ...(edits && { arguments: { tag: `edited ${this.#count++}`, behaves: "ok" } }),
          };
    this.#say({ tenant, task }, { kind: "answer", request: request.id, answer });
  }

  #answerWrongly(task: string, { id, kind, schema }: InputRequest): void {
    const value = schema === undefined ? undefined : "maybe";
    const answer: Answer =
      kind !== "question"
        ? { decision: "answer", value: "yes" }
        : value === undefined
          ? { decision: "approve" }
          : { decision: "answer", value };
    void this.#attempt(["INVALID_INPUT"], async () => {
      await accept(this.#world, { tenant, task }, { kind: "answer", request: id, answer });
      this.#around.ledger.breach(
        "P1",
        `${task}: ${JSON.stringify(answer)} is accepted as an answer to ${id}`,
      );
    });
  }

  /** An answer to what was asked before, or never. */
  #answerAgain(task: string): void {
    const log = this.#around.watch.tasks.get(task)?.log ?? [];
    const request = this.#draw.pick(entriesOf(log, "request"))?.body;
    if (request !== undefined) return this.answer(task, request, true);
    const stray: Input = { kind: "answer", request: "9/tool/9", answer: { decision: "reject" } };
    void this.#attempt(["INPUT_NOT_FOUND"], () =>
      accept(this.#world, { tenant, task }, stray).then(() => undefined),
    );
  }

  /** Somebody's process dies in the middle of accepting a cancel: nobody is told, and no sub-agent is reached. */
  #cancelHalf(id: string): void {
    const place: Place = { name: "passer-by", state: "runs" };
    const world = worldOf(this.#around, place, this.#plan, { people: true, bare: false });
    accept(world, { tenant, task: "root" }, { kind: "cancel", id }).catch(() => undefined);
    this.passersBy.push(place);
  }

  /** Answers in the last moment, or just too late. */
  awaitDeadlines(): void {
    for (const { task, request } of this.pending) {
      const { deadline } = request;
      const name = `${task} ${request.id}`;
      if (deadline === undefined || this.#noticed.has(name)) continue;
      this.#noticed.add(name);
      if (!this.#draw.chance(0.4)) continue;
      const wait = deadline - this.#around.schedule.now() + this.#draw.below(8) - 5;
      this.#around.schedule.after(this.place, wait, () => this.answer(task, request, this.#draw.chance(0.5)));
    }
  }

  #say(reference: TaskReference, input: Input): void {
    const { task } = reference;
    void this.#attempt([], async () => {
      await accept(this.#world, { tenant, task }, input);
      const id = input.kind === "answer" ? input.request : input.id;
      const said = input.kind === "answer" ? JSON.stringify(input.answer) : "";
      if (input.kind === "answer" && this.#asked.has(`${task} ${id}`))
        this.#around.ledger.breach("P1", `${task} ${id}: two answers are accepted`);
      if (input.kind === "answer") this.#asked.add(`${task} ${id}`);
      this.promised.push({ task, id, said });
      this.#tell((backend) =>
        input.kind === "cancel" ? backend.cancel({ tenant, task }) : backend.wake({ tenant, task }),
      );
    });
  }

  async #attempt(expected: readonly ErrorCode[], perform: () => Promise<void>): Promise<void> {
    this.busy++;
    try {
      await perform();
    } catch (thrown) {
      const known = OmniForgeError.is(thrown) && [...fair, ...expected].includes(thrown.code);
      if (!known)
        this.#around.ledger.breach("people", thrown instanceof Error ? (thrown.stack ?? "") : String(thrown));
    } finally {
      this.busy--;
    }
  }
}
