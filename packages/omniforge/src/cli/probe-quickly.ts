/** Asking a server for its models, without paying for an HTTP client where nothing listens. */
import { connect } from "node:net";
import { probeServer, type Probe } from "../models/discovery/index.ts";

/** As `probeServer`; a port of this machine that refuses is told within a millisecond. */
export const probeQuickly: Probe = async (baseUrl, options) => {
  const { hostname, port } = new URL(baseUrl);
  if (hostname === "127.0.0.1" && port !== "" && !(await listens(Number(port), options.timeoutMs)))
    return { kind: "nothing", why: "nothing listens there" };
  return probeServer(baseUrl, options);
};

function listens(port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: timeoutMs });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
