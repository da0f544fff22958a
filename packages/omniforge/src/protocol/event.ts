/**
 * What followers of a task receive: durable entries, and deltas that the finished message supersedes (rule 6).
 */
import type { Entry } from "./entry.ts";

export type TaskEvent =
  | { readonly type: "entry"; readonly task: string; readonly entry: Entry }
  /** `offset` counts UTF-16 units of this channel within the attempt. */
  | {
      readonly type: "delta";
      readonly task: string;
      readonly key: string;
      readonly attempt: string;
      readonly channel: "text" | "reasoning" | "progress";
      readonly offset: number;
      readonly text: string;
    }
  /** A new attempt at the step begins: what its predecessors streamed is void. */
  | { readonly type: "reset"; readonly task: string; readonly key: string; readonly attempt: string };
