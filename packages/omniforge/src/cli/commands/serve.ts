/**
 * `omniforge serve`: the HTTP service over the data directory. In process it runs the tasks as well; on Temporal workers do
 * that, unless it is told to.
 */
import type { EngineName } from "../../protocol/task.ts";
import { a2a } from "../../server/a2a/index.ts";
import { createServer } from "../../server/app.ts";
import { authenticateByKey, endWithKey, limitRate } from "../../server/auth/by-key.ts";
import { isLoopback, listen } from "../../server/listen.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { openForge } from "../open-forge.ts";
import { sayNotice } from "../say-notice.ts";
import { announceServer } from "../server-file.ts";
import { untilTold } from "../until-told.ts";
import { openOutput } from "../view/output.ts";
import { releaseYoungObjects } from "../young-objects.ts";

export interface ServeChoice {
  readonly host?: string;
  readonly port?: number;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly backend?: EngineName;
  /** Commander's `--work` and `--no-work`. */
  readonly work?: boolean;
  readonly data?: string;
}

/** Serves until a signal says to stop. */
export async function serve(choice: ServeChoice): Promise<ExitCode> {
  const { host = "127.0.0.1", port, backend, data, allowHost, allowOrigin = [] } = choice;
  const work = (engine: EngineName): boolean => choice.work ?? engine !== "temporal";
  const { forge, config, dataDirectory, close } = await openForge({
    data,
    backend,
    work,
    creates: true,
    temporal: { onNotice: sayNotice },
  });
  try {
    const onError = (error: unknown, operation: string): void =>
      void process.stderr.write(`${forge.redactor.text(said(operation, error))}\n`);
    const app = createServer(forge, {
      authenticate: authenticateByKey(forge.keys),
      guards: [limitRate(config.rateLimit), endWithKey(forge.keys)],
      extensions: [a2a({ onError })],
      // Who can be reached from elsewhere is reached by names that it does not know, and asks for a key.
      hosts: allowHost ?? (isLoopback(host) ? [] : "any"),
      origins: allowOrigin,
      onError,
    });
    const server = await listen(app, {
      mayListen: async () => !(await forge.keys.isEmpty()),
      host,
      ...(port !== undefined && { port }),
    });
    releaseYoungObjects();
    const forget = announceServer(dataDirectory, server.url, work(forge.backend.name));
    openOutput(process.stdout).write(`OmniForge listens on ${server.url}\n`);
    await untilTold();
    forget();
    await server.close();
  } finally {
    await close();
  }
  return exitCodes.done;
}

/** One line of JSON for each thing that should not have happened. */
function said(operation: string, error: unknown): string {
  const { stack } = error instanceof Error ? error : new Error(String(error));
  return JSON.stringify({ at: new Date().toISOString(), level: "error", operation, error: stack });
}
