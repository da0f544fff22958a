/** `omniforge serve`: the HTTP service over the data directory, with a worker in this process. */
import type { EngineName } from "../../protocol/task.ts";
import { a2a } from "../../server/a2a/index.ts";
import { createServer } from "../../server/app.ts";
import { authenticateByKey, limitRate } from "../../server/auth/by-key.ts";
import { listen } from "../../server/listen.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { openForge } from "../open-forge.ts";
import { announceServer } from "../server-file.ts";
import { openOutput } from "../view/output.ts";

export interface ServeChoice {
  readonly host?: string;
  readonly port?: number;
  readonly backend?: EngineName;
  /** Commander's `--no-work`. */
  readonly work: boolean;
  readonly data?: string;
}

/** Serves until a signal says to stop. */
export async function serve({ host, port, backend, work, data }: ServeChoice): Promise<ExitCode> {
  const { forge, dataDirectory, close } = await openForge({ data, backend, work, creates: true });
  try {
    const app = createServer(forge, {
      authenticate: authenticateByKey(forge.keys),
      guards: [limitRate()],
      extensions: [a2a()],
    });
    const server = await listen(app, {
      mayListen: async () => !(await forge.keys.isEmpty()),
      ...(host !== undefined && { host }),
      ...(port !== undefined && { port }),
    });
    const forget = announceServer(dataDirectory, server.url);
    openOutput(process.stdout).write(`OmniForge listens on ${server.url}\n`);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
    forget();
    await server.close();
  } finally {
    await close();
  }
  return exitCodes.done;
}
