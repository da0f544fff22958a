/**
 * What stands at an address where no Temporal server answers: gRPC itself says only that it did not connect in time, and
 * wrong TLS is a matter of one word.
 */
import { once } from "node:events";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Place } from "./options.ts";

const patienceMs = 1_000;

/** The likely reason, as half a sentence; undefined where nothing can be told. */
export async function lookAt({ address, connection: { tls } }: Place): Promise<string | undefined> {
  const [, host = "", port = ""] = /^(?:[a-z]+:\/\/)?\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  if (host === "") return "the address has no port";
  const at = { host, port: Number(port) };
  const plain = await opened(connectTcp(at), "connect");
  if (plain !== "opened") return undefined;
  const wanted = typeof tls === "object" && tls !== null ? tls : {};
  const { serverNameOverride: name, serverRootCACertificate: ca, clientCertPair: pair } = wanted;
  const secure = await opened(
    connectTls({
      ...at,
      ...(name ? { servername: name } : isIP(host) === 0 && { servername: host }),
      ...(ca && { ca: Buffer.from(ca) }),
      ...(pair && { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) }),
      ALPNProtocols: ["h2"],
    }),
    "secureConnect",
  );
  if (tls === undefined || tls === null || tls === false)
    return speaksTls(secure) ? "what listens there wants TLS (TEMPORAL_TLS=true)" : undefined;
  if (secure === "opened") return undefined;
  return speaksTls(secure)
    ? `the TLS connection is refused (${secure})`
    : "what listens there speaks no TLS (TEMPORAL_TLS=false)";
}

/** Whatever OpenSSL calls it when the other side has sent no TLS at all. */
const noTls = /^(ECONNRESET|EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|silence)$/;
const speaksTls = (outcome: string): boolean => !noTls.test(outcome);

/** Whether it comes about, or the code that says why not. */
async function opened(socket: Socket, event: "connect" | "secureConnect"): Promise<string> {
  try {
    await once(socket, event, { signal: AbortSignal.timeout(patienceMs) });
    return "opened";
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("code" in thrown)) return "silence";
    return thrown.code === "ABORT_ERR" ? "silence" : String(thrown.code);
  } finally {
    socket.on("error", () => undefined).destroy();
  }
}
