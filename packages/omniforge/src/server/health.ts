/** Whether the server lives, and whether it can do its work. Says which part can't, and nothing about it. */
import { z } from "zod";
import type { OmniForge } from "../create-omniforge.ts";
import { route, type Route } from "./route.ts";
import { named } from "./shapes.ts";

const part = z.enum(["ok", "failed"]);
const readiness = named(
  "Readiness",
  z.object({
    status: z.enum(["ready", "not ready", "stopping"]),
    store: part.describe("Whether tasks can be written down."),
    engine: part.describe("Whether the engine that runs them answers."),
    workers: z
      .enum(["ok", "none", "unknown"])
      .describe("Whether a process runs them. Without one they are taken, and wait."),
  }),
);
type Readiness = z.infer<typeof readiness>;

/** An answer is good for this long: asking must cost nothing. */
const keptMs = 1_000;
const patienceMs = 2_000;

export class Health {
  readonly #forge: OmniForge;
  #stopping = false;
  #known: { readonly at: number; readonly answer: Promise<Readiness> } | undefined;

  constructor(forge: OmniForge) {
    this.#forge = forge;
  }

  /** From now on nobody is sent here. */
  stop(): void {
    this.#stopping = true;
  }

  async ready(): Promise<Readiness> {
    const now = Date.now();
    if (this.#known === undefined || now - this.#known.at > keptMs)
      this.#known = { at: now, answer: this.#look() };
    const known = await this.#known.answer;
    return this.#stopping ? { ...known, status: "stopping" } : known;
  }

  async #look(): Promise<Readiness> {
    const { store } = this.#forge.world;
    const nobody = { tenant: "readyz", task: "readyz" };
    const [written, described, workers] = await Promise.all([
      // A store without a probe shows at least whether it takes a transaction.
      works(() => store.probe?.() ?? store.commit({ ...nobody, entries: [], at: Date.now() })),
      works(() => this.#forge.backend.describe(nobody)),
      inTime(
        () => this.#forge.backend.isAnyoneWorking().then((anyone) => (anyone ? "ok" : "none")),
        "unknown" as const,
      ),
    ]);
    return {
      status: written === "ok" && described === "ok" ? "ready" : "not ready",
      store: written,
      engine: described,
      workers,
    };
  }
}

const works = (perform: () => Promise<unknown>): Promise<"ok" | "failed"> =>
  inTime(() => perform().then(() => "ok" as const), "failed");

/** What it resolves with; otherwise, where it fails or takes too long, the other value. */
async function inTime<Value, Otherwise>(
  perform: () => Promise<Value>,
  otherwise: Otherwise,
): Promise<Value | Otherwise> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Otherwise>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), patienceMs);
  });
  try {
    return await Promise.race([perform(), late]);
  } catch {
    // Which part, is all that is told; the reason is in the log of whoever tries to use it.
    return otherwise;
  } finally {
    clearTimeout(timer);
  }
}

export const healthRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/healthz",
      operation: "isAlive",
      summary: "Whether the process lives.",
      tag: "operation",
      role: "anyone",
      answers: {
        200: {
          description: "It does.",
          content: { "application/json": z.object({ status: z.literal("ok") }) },
        },
      },
    },
    ({ context }) => context.json({ status: "ok" }),
  ),
  route(
    {
      method: "get",
      path: "/readyz",
      operation: "isReady",
      summary: "Whether tasks can be taken and run.",
      tag: "operation",
      role: "anyone",
      answers: {
        200: { description: "They can.", content: { "application/json": readiness } },
        503: { description: "They can't.", content: { "application/json": readiness } },
      },
    },
    async ({ context }) => {
      const found = await context.var.health.ready();
      return context.json(found, found.status === "ready" ? 200 : 503);
    },
  ),
];
