/** A TCP proxy that breaks connections: at once, or after so many bytes that came from the server. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string;
  /** How many connections were broken. */
  readonly cuts: () => number;
}

/** `budget` says for each connection after how many bytes it is broken; undefined: never. */
export async function cuttingProxy(target: number, budget: () => number | undefined): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    let left = budget();
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
      // Whoever breaks a connection sees it as an error on the other side.
      socket.on("error", () => undefined);
    }
    client.pipe(upstream);
    upstream.on("data", (bytes: Buffer) => {
      if (left !== undefined && bytes.length >= left) {
        client.write(bytes.subarray(0, left), () => {
          cuts++;
          client.resetAndDestroy();
        });
        left = 0;
        upstream.destroy();
        return;
      }
      if (left !== undefined) left -= bytes.length;
      client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
