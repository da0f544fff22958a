/**
 * `worker-program.ts FOLDER DURABILITY N`: a process that executes tasks. It says `opened`; `called MOMENT` at its first and
 * its N-th model call; `heard MOMENT` when what was said or done elsewhere has reached it. Orders come by its input.
 *
 * What its model does follows from the model's name: see `models`.
 */
import { createInterface } from "node:readline";
import { createOmniForge } from "omniforge";
import type { LanguageModel } from "../packages/omniforge/src/models/language-model.ts";
import { answer, call, promptModel } from "./engine.ts";
import { tools } from "./parts.ts";
import { moment } from "./statistics.ts";

const [directory = "", durability = "power", announced = "1"] = process.argv.slice(2);
const say = (word: string, ...numbers: readonly number[]): void =>
  void process.stdout.write(`${[word, ...numbers].join(" ")}\n`);

let calls = 0;
function onCall(): void {
  calls++;
  if (calls === 1 || calls === Number(announced)) say("called", moment());
}

/** Never answers, until it is aborted. */
const hanging: LanguageModel = {
  ...promptModel(0, () => undefined),
  doStream: ({ abortSignal }) =>
    new Promise((_, reject) => {
      say("hangs", moment());
      abortSignal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    }),
};

/** Calls the tool, and hears of its result in the next call. */
const asking = (tool: string, parameters = {}): LanguageModel => ({
  ...promptModel(0, () => undefined),
  doStream({ prompt }) {
    const isAnswered = prompt.at(-1)?.role === "tool";
    if (isAnswered) say("heard", moment());
    return Promise.resolve({ stream: ReadableStream.from(isAnswered ? answer : call(tool, parameters)) });
  },
});

const models: Readonly<Record<string, LanguageModel>> = {
  model: promptModel(0, onCall),
  hang: hanging,
  ask: asking("ask_human", { question: "Which?" }),
  sign: asking("sign"),
  wait: asking("wait"),
};

const forge = await createOmniForge({
  dataDirectory: directory,
  durability: durability === "process" ? "process" : "power",
  tools: tools(say),
  models: {
    bench: (name) => {
      const model = models[name];
      if (model === undefined) throw new Error(`the bench has no model ${name}`);
      return model;
    },
  },
});
say("opened", moment());
for await (const order of createInterface({ input: process.stdin })) {
  const { user, system } = process.cpuUsage();
  if (order === "usage") say("usage", process.memoryUsage.rss(), (user + system) / 1_000, moment());
}
await forge.close();
