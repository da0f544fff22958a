/**
 * The floor of the service: raw Hono that makes one durable append for each POST, and raw Hono's event stream. A process of
 * its own: `node service-floor.ts <folder> <durability>`; prints its address.
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const [folder = ".", durability = "power"] = process.argv.slice(2);
const database = new DatabaseSync(join(folder, "floor.db"));
database.exec(
  `pragma page_size = 8192; pragma journal_mode = wal; pragma synchronous = ${durability === "power" ? "full" : "normal"};
   create table log (id integer primary key, body text not null)`,
);
const insert = database.prepare("insert into log (body) values (?)");

const app = new Hono();
app.post("/append", async (context) => {
  const body = JSON.stringify(await context.req.json());
  return context.json({ id: Number(insert.run(body).lastInsertRowid) }, 201);
});
app.post("/events", async (context) => {
  const body = JSON.stringify(await context.req.json());
  insert.run(body);
  return streamSSE(context, async (stream) => {
    await stream.writeSSE({ id: "1", event: "entry", data: body });
  });
});
const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (address: AddressInfo) =>
  process.stdout.write(`http://127.0.0.1:${address.port}\n`),
);
process.once("SIGTERM", () => server.close());
