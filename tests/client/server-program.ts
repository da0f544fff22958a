/** A server as a process of its own, to be killed: `node server-program.ts <data> <port> <turns> <failures> <pauseMs>`. */
import { serveStammering } from "./stammering-forge.ts";

const [data = "", port = "0", turns = "1", failures = "0", pauseMs = "1"] = process.argv.slice(2);
const { listening } = await serveStammering(
  data,
  { turns: Number(turns), failures: Number(failures), pauseMs: Number(pauseMs) },
  Number(port),
);
process.stdout.write(`${listening.url}\n`);
