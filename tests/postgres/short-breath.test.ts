/** A server that goes in the moment at which it was ready: what it says then comes in one piece with that. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { readAddress } from "../../packages/omniforge/src/store/postgres/address.ts";
import { Connections } from "../../packages/omniforge/src/store/postgres/connections.ts";
import { loadDriver } from "../../packages/omniforge/src/store/postgres/load-driver.ts";

/** A message of PostgreSQL's protocol 3.0: its letter, its length, what it says. */
function message(letter: string, said: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(said.length + 4);
  return Buffer.concat([Buffer.from(letter), length, said]);
}

const welcome = message("R", Buffer.alloc(4));
const ready = message("Z", Buffer.from("I"));
const fields = "SFATAL\0C57P02\0Mterminating connection due to unexpected postmaster exit\0\0";
const goodbye = message("E", Buffer.from(fields));

it("is a lost connection, and not the end of the process", async () => {
  let greeted = 0;
  const server = createServer((socket: Socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      greeted++;
      socket.end(Buffer.concat([welcome, ready, goodbye]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const place = readAddress(`postgres://nobody@127.0.0.1:${port}/none?sslmode=disable`);
  const settings = { durability: "power", connections: 2, patienceMs: 300 } as const;
  const connections = new Connections(await loadDriver(), place, settings);
  await expect(connections.ask("nextDue", [])).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  expect(greeted).toBeGreaterThan(1);
  await connections.close();
});
