import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "omniforge/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  place,
  program,
  reportTable,
  request,
  typed,
  type Ended,
  type Place,
  type Program,
} from "../e2e/program.ts";

import { kill, serve as serveStammering } from "./server-process.ts";

// A test starts up to a dozen processes.
vi.setConfig({ testTimeout: 240_000 });

let here: Place;
let server: Program | undefined;

beforeEach(async () => {
  here = await place();
});
afterEach(async () => {
  await stop();
  await here.remove();
});

/** Starts a server on the place's data directory; returns its address. */
async function serve(...words: readonly string[]): Promise<string> {
  const started = program("main", ["serve", "--port", "0", ...here.data, ...words], {
    folder: here.workspace,
  });
  server = started;
  let said = "";
  started.child.stdout?.on("data", (text: string) => (said += text));
  await started.says("OmniForge listens on http");
  return /http:\/\/\S+/.exec(said)?.[0] ?? "";
}

async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  server?.child.kill(signal);
  await server?.ended;
  server = undefined;
}

function omniforge(words: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  return program("main", words, { folder: here.workspace, environment }).ended;
}

/** Without the times that pass between two looks. */
/** Without ages, and without the room that a column gives to the longest of them. */
const timeless = ({ stdout }: Ended): string =>
  stdout.replaceAll(/ *\d+(?:\.\d+)? (?:ms|s|min) ago */g, " now ").replaceAll(/ *STARTED */g, " STARTED ");

describe("the command line over a server", () => {
  it("gives a task to an agent of the server by its name, and sees it through", async () => {
    const url = await serve();
    const ran = await omniforge(["run", request, "--agent", "assistant", "--url", url]);
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    expect(ran.stdout).toContain(reportTable.split("\n")[2]);
    const unnamed = await omniforge(["run", request], { OMNIFORGE_URL: url });
    expect(unnamed.code).toBe(0);
    const wrong = await omniforge(["run", request, "--agent", "nobody", "--url", url]);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("AGENT_NOT_FOUND") as string]);
    const local = await omniforge(["run", request, "--model", "a:b", "--url", url]);
    expect([local.code, local.stderr]).toEqual([2, expect.stringContaining("--model") as string]);
  });

  it("approves, says, cancels, shows and erases there as it does in a data directory", async () => {
    const url = await serve();
    const there = ["--url", url];
    const asked = await omniforge(["run", "write note.txt: hello", ...there]);
    expect(asked.code).toBe(0);
    const [approve = ""] = asked.stdout.split("\n").filter((line) => line.includes("--approve"));
    expect(approve).toContain(`--url ${url}`);
    const approved = await typed(approve.trim(), { folder: here.workspace });
    expect(approved).toMatchObject({ code: 0, stderr: "" });
    expect(approved.stdout).toContain("It goes on where it runs.");
    const watched = await omniforge(["watch", "last", ...there]);
    expect(watched.code).toBe(0);
    expect(readFileSync(here.path("note.txt"), "utf8")).toBe("hello\n");

    await omniforge(["run", "ask me which way", ...there]);
    const said = await omniforge(["say", "last", "left", ...there]);
    expect([said.code, said.stderr]).toEqual([0, ""]);
    expect((await omniforge(["watch", "last", ...there])).stdout).toContain("left");

    await omniforge(["run", "ask me which way", ...there]);
    const canceled = await omniforge(["cancel", "last", "--reason", "enough", ...there]);
    expect([canceled.code, canceled.stdout]).toEqual([0, expect.stringContaining("is canceled") as string]);
    const erased = await omniforge(["erase", "last", ...there]);
    expect([erased.code, erased.stdout]).toEqual([0, expect.stringContaining("is erased") as string]);
  });

  it("prints of a task behind a server what it prints of it in the data directory", async () => {
    const url = await serve();
    await omniforge(["run", request, "--url", url]);
    await omniforge(["run", "ask me which way", "--url", url]);
    const commands = [
      ["tasks"],
      ["tasks", "--json"],
      ["show", "last"],
      ["show", "last", "--json"],
      ["watch", "last", "--json"],
    ];
    const behind = await Promise.all(commands.map((words) => omniforge([...words, "--url", url])));
    await stop();
    const inside = await Promise.all(commands.map((words) => omniforge([...words, ...here.data])));
    /** Commands that are printed lead to where the task is, and nobody runs it once the server has stopped. */
    const printed = (one: Ended): string[] =>
      timeless(one)
        .split("\n")
        .map((line) =>
          line
            .replace(/,"workspace":"[^"]*"/, "")
            .replace(/"answers":.*$/, "")
            .replace(/ --(?:url|data) \S+/g, ""),
        )
        .filter((line) => !line.includes(process.execPath));
    for (const [at, words] of commands.entries()) {
      const [one, other] = [behind[at], inside[at]];
      if (one === undefined || other === undefined) throw new Error("a command was not run");
      expect([words, one.code, printed(one)]).toEqual([words, other.code, printed(other)]);
    }
  });

  it("begins a conversation there, leaves it open, goes on with it and ends it", async () => {
    const url = await serve();
    const chat = (input: string, ...words: string[]): Promise<Ended> =>
      program("main", ["chat", ...words, "--url", url], { input, folder: here.workspace }).ended;
    const begun = await chat("hello\nwrite note.txt: hi\n", "--yes", "--max-cost", "1");
    expect([begun.code, begun.stderr]).toEqual([0, ""]);
    expect(begun.stdout).toContain(`You talk with assistant at ${url}.`);
    expect(readFileSync(here.path("note.txt"), "utf8")).toBe("hi\n");
    const [line = ""] = begun.stdout.split("\n").filter((one) => / chat .*--url/.test(one));
    const id = /chat (\S+)/.exec(line)?.[1] ?? "";
    const on = await chat("hello again\n/end\n", id);
    expect([on.code, on.stderr]).toEqual([0, ""]);
    expect(on.stdout).toContain(`Going on with conversation ${id}.`);
    const listed = await omniforge(["tasks", "--json", "--url", url]);
    expect(listed.stdout.trim().split("\n")).toEqual([expect.stringContaining('"state":"completed"')]);
    const ended = await chat("hello?\n", id);
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining("has ended") as string]);
    const local = await chat("hello\n", "--model", "a:b");
    expect([local.code, local.stderr]).toEqual([2, expect.stringContaining("--model") as string]);
  });

  it("goes on with what is unfinished there, named or found", async () => {
    const url = await serve();
    await omniforge(["run", "ask me which way", "--url", url]);
    const asked = await omniforge(["resume", "--url", url]);
    expect([asked.code, asked.stderr]).toEqual([0, ""]);
    expect(asked.stdout).toContain(`--url ${url}`);
    await omniforge(["say", "last", "left", "--url", url]);
    const found = await omniforge(["resume", "last", ...here.data]);
    expect([found.code, found.stdout]).toEqual([0, expect.stringContaining("left") as string]);
    expect((await omniforge(["resume", "--url", url])).stdout).toBe("No task is unfinished.\n");
    const local = await omniforge(["resume", "--backend", "temporal", "--url", url]);
    expect([local.code, local.stderr]).toEqual([2, expect.stringContaining("--backend") as string]);
  });

  it("watches on when the server is killed and another one comes in its place, and says so", async () => {
    // Slow enough that it still speaks when the server is killed.
    const [data, stammering] = [here.data[1], [6, 0, 60]];
    const first = await serveStammering(data, 0, stammering);
    const client = createClient({ url: first.url });
    const { task } = await client.submit("speaker", "speak");
    const watching = program("main", ["watch", task, "--url", first.url], { folder: here.workspace });
    await watching.says("turn 1");
    await kill(first);
    const second = await serveStammering(data, Number(new URL(first.url).port), stammering);
    const watched = await watching.ended;
    expect([watched.code, watched.stderr]).toEqual([0, expect.stringContaining("trying again") as string]);
    for (const turn of [1, 2, 3, 4, 5, 6]) expect(watched.stdout.split(`turn ${turn}:`)).toHaveLength(2);
    await kill(second);
  });

  it("says that no server answers, and which", async () => {
    const none = await omniforge(["tasks", "--url", "http://127.0.0.1:1"]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("http://127.0.0.1:1") as string]);
    const both = await omniforge(["tasks", "--url", "http://127.0.0.1:1", ...here.data]);
    expect(both.code).toBe(2);
  });
});

describe("a server that runs on the data directory", () => {
  const file = (): string => join(here.data[1], "server.json");

  it("is found by commands, as long as it lives", async () => {
    const url = await serve();
    expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({ url, pid: server?.child.pid, works: true });
    await omniforge(["run", "ask me which way", "--url", url]);
    const through = await omniforge(["say", "last", "left", ...here.data]);
    expect(through.stdout).toContain("It goes on where it runs.");
    await stop();
    expect(existsSync(file())).toBe(false);
    expect((await omniforge(["tasks", ...here.data])).code).toBe(0);
  });

  it("that was killed is not believed to live, nor is what only looks like one", async () => {
    await serve();
    await stop("SIGKILL");
    expect(existsSync(file())).toBe(true);
    const after = await omniforge(["tasks", ...here.data]);
    expect([after.code, after.stdout]).toEqual([0, "There are no tasks here yet.\n"]);
    writeFileSync(file(), JSON.stringify({ url: "http://127.0.0.1:1", pid: process.pid }));
    expect((await omniforge(["tasks", ...here.data])).code).toBe(0);
    writeFileSync(file(), "{");
    expect((await omniforge(["tasks", ...here.data])).code).toBe(0);
  });

  it("needs a key from the first one on, and shuts out a revoked one within a second", async () => {
    const url = await serve();
    const tasks = `${url}/api/v1/tasks`;
    expect((await fetch(tasks)).status).toBe(200);
    const words = ["--tenant", "default", "--role", "viewer", "--name", "a test", "--json"];
    const made = await omniforge(["keys", "create", ...words, ...here.data]);
    const { text, key } = JSON.parse(made.stdout) as { text: string; key: { id: string } };
    const authorization = `Bearer ${text}`;
    expect((await fetch(tasks)).status).toBe(401);
    expect((await fetch(tasks, { headers: { authorization } })).status).toBe(200);

    // Without the key, who can read the directory reads the directory; with it, the server is asked.
    expect((await omniforge(["tasks", ...here.data])).code).toBe(0);
    expect((await omniforge(["tasks", "--url", url])).stderr).toContain("UNAUTHENTICATED");
    expect((await omniforge(["tasks", "--url", url], { OMNIFORGE_API_KEY: text })).code).toBe(0);
    const submitted = await omniforge(["run", "hello", "--url", url], { OMNIFORGE_API_KEY: text });
    expect([submitted.code, submitted.stderr]).toEqual([1, expect.stringContaining("FORBIDDEN") as string]);

    const listed = await omniforge(["keys", "list", ...here.data]);
    expect(listed.stdout).toContain(key.id);
    expect(listed.stdout).not.toContain(text.split("_")[2]);
    const revoked = await omniforge(["keys", "revoke", key.id, ...here.data]);
    expect([revoked.code, revoked.stdout]).toEqual([0, `Key ${key.id} (a test) is revoked.\n`]);
    const begun = Date.now();
    expect((await fetch(tasks, { headers: { authorization } })).status).toBe(401);
    expect(Date.now() - begun).toBeLessThan(1_000);
  });

  it("refuses to listen to other machines before there is a key", async () => {
    const refused = await omniforge(["serve", "--host", "0.0.0.0", "--port", "0", ...here.data]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("omniforge keys create") as string,
    ]);
  });
});
