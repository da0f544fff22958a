/** A gRPC server before the server: it refuses some calls by their path, and passes on the others. */
import { once } from "node:events";
import {
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";

export interface Relay {
  readonly address: string;
  close(): void;
}

/** Where calls whose path contains `refused` are answered with this gRPC status, and never reach the server. */
export async function startRelay(server: string, refused: string, status: number): Promise<Relay> {
  const upstream = connect(`http://${server}`).on("error", () => undefined);
  const relay = createServer();
  relay.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    if (headers[":path"]?.includes(refused) === true) refuse(stream, status);
    else pass(stream, headers);
  });

  function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const passed = upstream.request({ ...headers });
    let trailers: IncomingHttpHeaders = {};
    passed.on("error", () => stream.close(constants.NGHTTP2_CANCEL));
    passed.on("trailers", (given: IncomingHttpHeaders) => (trailers = given));
    passed.on("response", (answer, flags) => {
      // A failure without a body has all that it says in its first frame.
      const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
      stream.respond({ ...answer }, { endStream, waitForTrailers: !endStream });
      if (!endStream) passed.pipe(stream);
    });
    stream.on("close", () => passed.close(constants.NGHTTP2_CANCEL));
    stream.pipe(passed);
  }

  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const { port } = relay.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close() {
      upstream.destroy();
      relay.close();
    },
  };
}

function refuse(stream: ServerHttp2Stream, status: number): void {
  const said = { "grpc-status": String(status), "grpc-message": "Request unauthorized." };
  stream.respond({ ":status": 200, "content-type": "application/grpc", ...said }, { endStream: true });
}
