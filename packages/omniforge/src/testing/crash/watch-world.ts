/**
 * What steps need of their process, watched: a point around each write, tool and model call, and each execution of one in
 * the ledger. The agent under fire needs to do nothing for it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { LanguageModel, ModelStreamPart } from "../../models/language-model.ts";
import { createTranscripts } from "../../steps/load-transcript.ts";
import type { StepWorld } from "../../steps/step.ts";
import type { TaskStore } from "../../store/task-store.ts";
import { InputRequired, ToolNotStarted, type Tool } from "../../tools/tool.ts";
import { notStarted, type Ledger } from "./ledger.ts";
import type { Points } from "./points.ts";
import { watchStore } from "./watch-store.ts";

export interface Watch {
  readonly points: Points;
  readonly ledger: Ledger;
  readonly tenant: string;
}

/** Wraps a world; what it was made of stays as it is. */
export function watchWorld(world: StepWorld, watch: Watch): StepWorld {
  const { points } = watch;
  const store = watchStore(world.store, points);
  /** Which step the model is asked by: every attempt announces itself before it asks. */
  const asking = new AsyncLocalStorage<string>();
  return {
    ...world,
    store,
    transcripts: createTranscripts(store),
    blobs: {
      ...world.blobs,
      put: (reference, bytes) =>
        points.around(`keep ${bytes.length} bytes of ${reference.task}`, () =>
          world.blobs.put(reference, bytes),
        ),
    },
    tools: {
      ...world.tools,
      get(name) {
        const tool = world.tools.get(name);
        return tool && watchTool(tool, world.store, watch);
      },
    },
    models: {
      ...world.models,
      get: (reference) =>
        watchModel(world.models.get(reference), world.store, watch, () => asking.getStore() ?? "no/step"),
    },
    publish(event, owner) {
      if (event.type === "reset") asking.enterWith(`${event.task}/${event.key}`);
      world.publish(event, owner);
    },
  };
}

/** Whether a step has its outcome already: then it must not be executed any more. */
async function startOf(store: TaskStore, key: string, { ledger, tenant }: Watch): Promise<void> {
  const slash = key.indexOf("/");
  const found = await store.find({ tenant, task: key.slice(0, slash) }, key.slice(slash + 1));
  ledger.write("start", key, found === undefined ? {} : { recorded: true });
}

function watchTool(tool: Tool, store: TaskStore, watch: Watch): Tool {
  const { points, ledger } = watch;
  return {
    ...tool,
    async execute(parameters, context) {
      const { idempotencyKey: key } = context;
      const passage = points.begin(`run ${tool.spec.name} ${key}`);
      await startOf(store, key, watch);
      try {
        const output = await tool.execute(parameters, context);
        ledger.write("end", key);
        return output;
      } catch (thrown) {
        const isFree = thrown instanceof ToolNotStarted || thrown instanceof InputRequired;
        ledger.write("failed", key, isFree ? { what: notStarted } : {});
        throw thrown;
      } finally {
        passage.end();
      }
    },
  };
}

function watchModel(model: LanguageModel, store: TaskStore, watch: Watch, step: () => string): LanguageModel {
  const { points, ledger } = watch;
  const doStream: LanguageModel["doStream"] = async (options) => {
    const key = step();
    const passage = points.begin(`ask ${model.modelId} ${key}`);
    await startOf(store, key, watch);
    let isOver = false;
    const over = (phase: "end" | "failed"): void => {
      if (isOver) return;
      isOver = true;
      ledger.write(phase, key);
      passage.end();
    };
    try {
      const { stream, ...rest } = await model.doStream(options);
      return { ...rest, stream: ReadableStream.from(listenedTo(stream, over)) };
    } catch (thrown) {
      over("failed");
      throw thrown;
    }
  };
  // A model may be an object of a class: what is not replaced keeps its own `this`.
  return new Proxy(model, {
    get(target, name) {
      if (name === "doStream") return doStream;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** A reply has come back once its stream says that it is finished. */
async function* listenedTo(
  stream: ReadableStream<ModelStreamPart>,
  over: (phase: "end" | "failed") => void,
): AsyncGenerator<ModelStreamPart> {
  try {
    for await (const part of stream) {
      if (part.type === "finish") over("end");
      yield part;
    }
  } finally {
    over("failed");
  }
}
