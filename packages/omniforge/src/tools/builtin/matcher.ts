/**
 * Searching a text: for words in this thread, by regular expression in a thread of its own.
 *
 * A regular expression comes from a model and may need for ever (`(a+)+$`), and nothing stops it but the end of its
 * thread. The thread that all tasks share only ever searches for words.
 */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { OmniForgeError } from "../../protocol/error.ts";
import { matchLines, type Hit } from "./hits.ts";

export interface Matcher {
  /** The lines of the text that match. Throws the signal's reason. */
  match(text: string): Promise<readonly Hit[]>;
  close(): Promise<void>;
}

/** Matches lines that contain the word. */
export function wordMatcher(word: string, ignoreCase: boolean): Matcher {
  const wanted = ignoreCase ? word.toLowerCase() : word;
  return {
    match: async (text) =>
      matchLines(text, (line) => (ignoreCase ? line.toLowerCase() : line).includes(wanted)),
    close: async () => {},
  };
}

/** Matches lines by a regular expression, until the signal is aborted. Throws INVALID_INPUT for what is none. */
export function expressionMatcher(source: string, ignoreCase: boolean, signal: AbortSignal): Matcher {
  const expression = compile(source, ignoreCase ? "iu" : "u");
  const worker = startWorker([expression.source, expression.flags]);
  let failure: Error | undefined;
  worker.on("error", (error: Error) => (failure = error));
  return {
    match: (text) =>
      new Promise<readonly Hit[]>((resolve, reject) => {
        const settle = (): void => {
          worker.off("message", answered).off("error", failed);
          signal.removeEventListener("abort", aborted);
        };
        const answered = (hits: readonly Hit[]): void => (settle(), resolve(hits));
        const failed = (): void => (settle(), reject(failure ?? new Error("the search ended")));
        const aborted = (): void => (settle(), reject(reasonOf(signal)));
        if (signal.aborted) return aborted();
        if (failure !== undefined) return failed();
        worker.on("message", answered).on("error", failed);
        signal.addEventListener("abort", aborted);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage(text);
      }),
    close: async () => void (await worker.terminate()),
  };
}

function compile(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new OmniForgeError(
      "INVALID_INPUT",
      error instanceof Error ? error.message : `${source} is no regular expression`,
    );
  }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("aborted", { cause: signal.reason });
}

/** The file beside this one, as source or as built. */
function startWorker(argv: string[]): Worker {
  const file = new URL(`./match-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
  return new Worker(file, { argv, env: {}, resourceLimits: { maxOldGenerationSizeMb: 128 } });
}
