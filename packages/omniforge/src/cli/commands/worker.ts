/** `omniforge worker`: a process that runs tasks on Temporal, and nothing else. Any number of them share the work. */
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { openForge } from "../open-forge.ts";
import { openOutput } from "../view/output.ts";
import { sayNotice } from "../say-notice.ts";
import { untilTold } from "../until-told.ts";

export interface WorkerChoice {
  readonly queues?: readonly string[];
  readonly concurrency?: number;
  /** Seconds. */
  readonly grace: number;
  readonly wait?: number;
  readonly deployment?: string;
  readonly build?: string;
  readonly pinned?: boolean;
  readonly data?: string;
}

/** Works until a signal says to stop; then what runs may finish, for the grace time. A second signal ends it at once. */
export async function worker(choice: WorkerChoice): Promise<ExitCode> {
  const { queues, concurrency, grace, wait = Number.POSITIVE_INFINITY, data } = choice;
  const { write } = openOutput(process.stdout);
  const deployment = deploymentOf(choice);
  const { forge, close } = await openForge({
    data,
    backend: "temporal",
    work: true,
    temporal: {
      connectTimeoutMs: wait * 1_000,
      onNotice: sayNotice,
      worker: {
        shutdownGraceMs: grace * 1_000,
        ...(queues !== undefined && { polls: queues }),
        ...(concurrency !== undefined && { maximumSteps: concurrency }),
        ...(deployment !== undefined && { deployment }),
      },
    },
  });
  try {
    const told = untilTold();
    write(
      `The worker runs tasks (process ${process.pid}, agents: ${[...forge.agents.keys()].join(", ")}).\n`,
    );
    await told;
    void untilTold().then(() => process.exit(exitCodes.interrupted));
    write(`The worker stops: what runs has ${grace} s to finish, and then goes on elsewhere.\n`);
  } finally {
    await close();
  }
  write("The worker has stopped.\n");
  return exitCodes.done;
}

function deploymentOf({ deployment: name, build, pinned = false }: WorkerChoice) {
  if (name === undefined && build === undefined && !pinned) return undefined;
  if (name === undefined || build === undefined)
    throw new UsageError("a versioned worker needs both --deployment <name> and --build <id>");
  return { name, build, pinned };
}
