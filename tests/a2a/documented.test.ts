/** The lines of docs/a2a.md, run as they are printed against `omniforge serve`. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { repository } from "../architecture/read-sources.ts";
import { place, program, type Place, type Program } from "../e2e/program.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const run = promisify(execFile);
let here: Place;
let server: Program;
beforeEach(async () => {
  here = await place();
});
afterEach(async () => {
  server.child.kill("SIGKILL");
  await server.ended;
  await here.remove();
});

/** The commands of the page's only block of them. */
async function printed(): Promise<string[]> {
  const page = await readFile(join(repository, "docs/a2a.md"), "utf8");
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
  expect(blocks).toHaveLength(1);
  return (blocks[0] ?? "").trim().split("\n");
}

it("find the default agent's card, and send it a message", async () => {
  server = program("main", ["serve", "--port", "0", ...here.data], { folder: here.workspace });
  let heard = "";
  server.child.stdout?.on("data", (piece: Buffer) => (heard += piece.toString()));
  await server.says("OmniForge listens on ");
  const [url = ""] = /http:\/\/\S+/.exec(heard) ?? [];
  const [card, sent] = await Promise.all(
    (await printed()).map(async (line) => {
      const { stdout } = await run("bash", ["-c", line.replaceAll("http://127.0.0.1:4000", url)]);
      return JSON.parse(stdout) as Record<string, unknown>;
    }),
  );
  expect(card).toMatchObject({
    name: "assistant",
    supportedInterfaces: [{ url: `${url}/a2a/assistant` }, {}],
  });
  expect(sent).toMatchObject({
    task: { history: [{ messageId: "hello-1", parts: [{ text: "Hello!" }] }, {}] },
  });
});
