/** `omniforge sweep`: erases by hand, and to the last byte, what has ended long enough ago. */
import { messageOf } from "../../protocol/error.ts";
import { eraseEnded, keptSince } from "../../retention.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { openForge } from "../open-forge.ts";
import { jsonLine } from "../view/visible.ts";

export interface SweepChoice {
  /** Default: the config file's. */
  readonly days?: number;
  readonly json?: boolean;
  readonly data?: string;
}

/** Erases what ended so many days ago, of all tenants, and rewrites the database, so that no trace of it is left. */
export async function sweep({ days, json, data }: SweepChoice): Promise<ExitCode> {
  const { forge, config, close } = await openForge({ data, work: false });
  try {
    const kept = days ?? config.retention?.endedTasksDays;
    if (kept === undefined)
      throw new UsageError("say how old: --days <number>, or retention.endedTasksDays in the config file");
    const before = keptSince({ endedTasksDays: kept }, Date.now());
    const { erased, left } = await eraseEnded(forge.world, before, tell);
    await forge.world.store.scrub({ rewrites: true });
    process.stdout.write(
      json === true
        ? `${jsonLine({ type: "swept", before: new Date(before).toISOString(), erased, left })}\n`
        : `${erased} tasks that ended before ${new Date(before).toLocaleString()} are erased${left > 0 ? `; ${left} could not be, yet` : ""}.\n`,
    );
    return exitCodes.done;
  } finally {
    await close();
  }
}

function tell(thrown: unknown): void {
  process.stderr.write(`${messageOf(thrown)}\n`);
}
