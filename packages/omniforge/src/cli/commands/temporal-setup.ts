/** `omniforge temporal setup`: makes a Temporal server know what tasks can be searched by. */
import { temporalPackage } from "../../load-temporal.ts";
import { loadConfig } from "../config/load-config.ts";
import { openForge } from "../open-forge.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { sayNotice } from "../say-notice.ts";

export interface TemporalSetupChoice {
  /** Seconds. */
  readonly wait?: number;
  readonly takeOver?: boolean;
  readonly data?: string;
}

/** May be repeated. */
export async function temporalSetup({ wait = 5, takeOver, data }: TemporalSetupChoice): Promise<ExitCode> {
  const { config } = await loadConfig();
  if (takeOver === true) {
    const temporal = { takeOver, connectTimeoutMs: wait * 1_000, onNotice: sayNotice };
    const opened = await openForge({ data, backend: "temporal", work: false, temporal });
    await opened.close();
    process.stdout.write("Tasks that are under way go on here, once a worker runs.\n");
  }
  const { setUp } = await temporalPackage();
  const added = await setUp({ ...config.temporal, connectTimeoutMs: wait * 1_000, onNotice: sayNotice });
  process.stdout.write(
    added.length > 0
      ? `Registered: ${added.join(", ")}.\n`
      : "Everything is there already: nothing was changed.\n",
  );
  return exitCodes.done;
}
