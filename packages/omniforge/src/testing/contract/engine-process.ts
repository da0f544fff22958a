/**
 * One process of the engine under test: a world of its own over the scenario's store, and what the engine makes of it.
 */
import { randomUUID } from "node:crypto";
import { createModelRegistry } from "../../models/model-registry.ts";
import type { TaskEvent } from "../../protocol/event.ts";
import { sleep } from "../../sleep.ts";
import { createTranscripts } from "../../steps/load-transcript.ts";
import type { StepWorld } from "../../steps/step.ts";
import { createToolRegistry } from "../../tools/tool-registry.ts";
import { scriptedModel } from "../scripted-model.ts";
import type { CreateEngine, Engine, OpenedStore } from "./engine.ts";
import { createKit, mortalScript, type Kit, type KitParts } from "./kit.ts";
import type { Cut } from "./lifeline.ts";
import { mortalBlobs, mortalStore } from "./mortal-store.ts";
import type { Cast } from "./scenario.ts";

/** How long a cancelled tool of a scenario may take to come back. */
const cancelGraceMs = 400;

export interface ProcessOptions extends KitParts {
  readonly folder: string;
  /** Opens the scenario's store for this process. */
  readonly open: () => Promise<OpenedStore>;
  readonly cast: (kit: Kit) => Cast;
  readonly create: CreateEngine;
  readonly work: boolean;
  /** Names the scenario among all that have been played. */
  readonly place: string;
  /** Tools that this process does not have. */
  readonly without: readonly string[];
  /** Owners whose process is dead: the scenario's, shared by its processes. */
  readonly dead: Set<string>;
  readonly hear: (event: TaskEvent) => void;
  /** To be done once the scenario is over. */
  readonly onClose: (dispose: () => Promise<void>) => void;
}

export class EngineProcess {
  readonly world: StepWorld;
  readonly #options: ProcessOptions;
  readonly #engine: Engine;
  readonly #own: ReadonlySet<string>;
  #open = true;

  private constructor(options: ProcessOptions, world: StepWorld, engine: Engine, own: ReadonlySet<string>) {
    this.#options = options;
    this.world = world;
    this.#engine = engine;
    this.#own = own;
  }

  static async start(options: ProcessOptions): Promise<EngineProcess> {
    const own = new Set<string>();
    const world = createWorld(options, await options.open(), own);
    return new EngineProcess(
      options,
      world,
      await options.create(world, { work: options.work, place: options.place }),
      own,
    );
  }

  get backend(): Engine["backend"] {
    return this.#engine.backend;
  }

  get engine(): Engine {
    return this.#engine;
  }

  get running(): boolean {
    return this.#open && this.#options.line.running;
  }

  /** Lets the process die at the first commit with such an entry; resolves once it has. */
  async dies(when: Cut["when"], at: Cut["at"]): Promise<void> {
    await this.#options.line.cut({ when, at, how: "dies" });
    await this.#bury();
  }

  /** Lets the process stand still at the first commit with such an entry; resolves once it does. */
  async pauses(when: Cut["when"], at: Cut["at"]): Promise<void> {
    await this.#options.line.cut({ when, at, how: "pauses" });
    await this.#engine.pause?.();
  }

  /** The process dies now, without cleaning up. */
  async crash(): Promise<void> {
    this.#options.line.die();
    await this.#bury();
  }

  /** The process stands still: it neither reads nor writes, and is not dead. */
  async pause(): Promise<void> {
    this.#options.line.pause();
    await this.#engine.pause?.();
  }

  async continue(): Promise<void> {
    this.#options.line.continue();
    await this.#engine.continue?.();
  }

  /** Stops gracefully: running steps may finish. */
  async stop(): Promise<void> {
    if (!this.running) return;
    await this.#engine.backend.close();
    this.#open = false;
  }

  async #bury(): Promise<void> {
    for (const owner of this.#own) this.#options.dead.add(owner);
    await this.#engine.kill?.((reason) => this.#options.line.fail(reason));
  }
}

function createWorld(options: ProcessOptions, opened: OpenedStore, own: Set<string>): StepWorld {
  const { line, folder, cast, without, dead, hear, onClose } = options;
  onClose(() => opened.store.close());
  const store = mortalStore(opened.store, line, { own, dead });
  const { agent, models, modelFacts } = cast(createKit(options));
  const known = createModelRegistry();
  for (const [name, script] of Object.entries(models))
    known.register(
      `scripted:${name}`,
      scriptedModel(mortalScript(name, script, options), `scripted:${name}`),
    );
  return {
    store,
    blobs: mortalBlobs(opened.blobs, line),
    // One tool may come with several agents.
    tools: createToolRegistry([...new Set(agent.tools)].filter((tool) => !without.includes(tool.spec.name))),
    models: known,
    modelFacts,
    transcripts: createTranscripts(store),
    now: Date.now,
    async sleep(ms, signal) {
      await line.pass();
      await sleep(ms, signal);
      await line.pass();
    },
    nonce: randomUUID,
    publish: (event) => {
      if (line.running) hear(event);
    },
    workspace: folder,
    cancelGraceMs,
  };
}
