/** The thread in which one regular expression runs: receives texts, answers with the lines that match. */
import { parentPort } from "node:worker_threads";
import { matchLines } from "./hits.ts";

const [source = "", flags = ""] = process.argv.slice(2);
const expression = new RegExp(source, flags);

parentPort?.on("message", (text: string) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  parentPort?.postMessage(matchLines(text, (line) => expression.test(line)));
});
