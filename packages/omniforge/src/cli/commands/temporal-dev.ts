/** `omniforge temporal dev`: a Temporal server on this machine, until Ctrl-C; or a look at the one that was named. */
import { join } from "node:path";
import { temporalPackage } from "../../load-temporal.ts";
import { loadConfig } from "../config/load-config.ts";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { userPath } from "../invocation.ts";
import { defaultData } from "../place.ts";
import { sayNotice } from "../say-notice.ts";
import { untilTold } from "../until-told.ts";
import { openOutput } from "../view/output.ts";

export interface TemporalDevChoice {
  readonly address?: string;
  readonly port?: number;
  /** Commander's `--no-page`. */
  readonly page: boolean;
  readonly db?: string;
}

/**
 * Starts nothing where an address is given: that server is set up instead. One of this machine in the config file or in
 * Temporal's profile is where it is started, as their namespace is the one that is made: what `worker` and `serve` then
 * find by the same words. TEMPORAL_ADDRESS names a server that is there, whatever the machine; `--port` starts one anyway.
 */
export async function temporalDev(choice: TemporalDevChoice): Promise<ExitCode> {
  const { write } = openOutput(process.stdout);
  const { config } = await loadConfig();
  const { configuredAddress, setUp, startDevServer } = await temporalPackage();
  const { temporal = {} } = config;
  const named = temporal.address === undefined ? process.env["TEMPORAL_ADDRESS"] : undefined;
  const configured = named ?? temporal.address ?? configuredAddress();
  const portHere = named === undefined ? ownPort(configured) : undefined;
  const port = choice.port ?? portHere;
  const address = choice.address ?? (port === undefined ? configured : undefined);
  if (address !== undefined) {
    await setUp({ ...temporal, address, onNotice: sayNotice });
    write(`A Temporal server answers at ${address}, and is set up: nothing was started.\n`);
    return exitCodes.done;
  }
  const told = untilTold().then(() => "told" as const);
  const server = await startDevServer({
    file: userPath(choice.db ?? join(config.dataDirectory ?? defaultData, "temporal.db")),
    headless: !choice.page,
    onNotice: sayNotice,
    ...(port !== undefined && { port }),
    ...(temporal.namespace !== undefined && { namespace: temporal.namespace }),
  });
  const page = server.page === undefined ? "" : `; its page is ${server.page}`;
  write(`Temporal answers at ${server.address}${page}. Ctrl-C stops it.\n`);
  const why = await Promise.race([told, server.ended]);
  if (why !== "told") return exitCodes.failed;
  await server.stop();
  return exitCodes.done;
}

/** Where a server that is started here answers. */
const ownHosts = new Set(["localhost", "127.0.0.1"]);

/** The port of an address at which one can be started. */
function ownPort(address: string | undefined): number | undefined {
  if (address === undefined || !URL.canParse(`http://${address}`)) return undefined;
  const { hostname, port } = new URL(`http://${address}`);
  return ownHosts.has(hostname) && port !== "" ? Number(port) : undefined;
}
