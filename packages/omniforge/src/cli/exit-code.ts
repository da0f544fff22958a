/** How a command ends: its exit code, and what it says when it could not do what it was asked. */
import { OmniForgeError } from "../protocol/error.ts";
import type { TaskState } from "../protocol/task.ts";
import { isGone } from "./view/output.ts";
import { visible } from "./view/visible.ts";

export const exitCodes = {
  /** Done, or waiting for a person. */
  done: 0,
  failed: 1,
  usage: 2,
  canceled: 3,
  /** Stopped by Ctrl-C or a signal, the task unfinished: what shells say for SIGINT. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The command was called wrongly: nothing was done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The exit code that a task's state stands for. */
export function codeOf(state: TaskState): ExitCode {
  if (state === "canceled") return exitCodes.canceled;
  return state === "failed" || state === "rejected" ? exitCodes.failed : exitCodes.done;
}

/** A reader who has seen enough (`head`) ends nothing. To be called before the first word is written. */
export function bearGoneReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: Error) => {
      if (!isGone(error)) throw error;
    });
}

/** Runs a command; what it throws becomes a message and a code. */
export async function conclude(command: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (thrown) {
    process.exitCode = thrown instanceof UsageError ? exitCodes.usage : exitCodes.failed;
    process.stderr.write(`${visible(sayFailure(thrown))}\n`);
  }
}

function sayFailure(thrown: unknown): string {
  if (thrown instanceof UsageError) return `omniforge: ${thrown.message}`;
  if (OmniForgeError.is(thrown, "ENGINE_MISSING"))
    return `omniforge: ${thrown.message} (in OmniForge's own repository: npm run setup)`;
  // The message of an unreachable engine says what to do.
  if (OmniForgeError.is(thrown, "ENGINE_UNREACHABLE")) return `omniforge: ${thrown.message}`;
  if (OmniForgeError.is(thrown) && thrown.code !== "INTERNAL")
    return `omniforge: ${thrown.message}\n${thrown.remedy} (${thrown.code})`;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
