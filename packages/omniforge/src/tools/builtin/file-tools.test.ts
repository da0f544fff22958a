import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Json } from "../../protocol/json.ts";
import type { Tool } from "../tool.ts";
import { askHumanTool, fileTools, globTool, grepTool, readTool, writeTool } from "./index.ts";

let workspace: string;

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), "omniforge-tools-"));
});

afterEach(() => rm(workspace, { recursive: true, force: true }));

async function put(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(workspace, dirname(path)), { recursive: true });
    await writeFile(join(workspace, path), content);
  }
}

function run(tool: Tool, parameters: Json, signal = new AbortController().signal): Promise<unknown> {
  const progress = (): void => {};
  return tool.execute(parameters, {
    tenant: "t",
    task: "k",
    idempotencyKey: "i",
    signal,
    workspace,
    answers: [],
    progress,
  });
}

async function runText(tool: Tool, parameters: Json): Promise<string> {
  return String(await run(tool, parameters));
}

describe("the built-in tools", () => {
  it("declare what a second run of them may do, and which a person approves", () => {
    expect(fileTools.map(({ spec }) => [spec.name, spec.effects, spec.approval, spec.runs])).toEqual([
      ["read", "none", "never", "tool"],
      ["glob", "none", "never", "tool"],
      ["grep", "none", "never", "tool"],
      ["write", "idempotent", "always", "tool"],
      ["edit", "once", "always", "tool"],
    ]);
    expect(askHumanTool.spec).toMatchObject({
      name: "ask_human",
      runs: "question",
      effects: "none",
      approval: "never",
    });
  });

  it("refuse arguments that they do not know", async () => {
    await expect(run(readTool, { path: "a", line: 3 })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("say so when the workspace is gone", async () => {
    await rm(workspace, { recursive: true });
    for (const [tool, parameters] of [
      [readTool, { path: "a" }],
      [globTool, { pattern: "*" }],
      [grepTool, { pattern: "a" }],
    ] as const) {
      await expect(run(tool, parameters)).rejects.toThrow("the workspace does not exist");
    }
  });
});

describe("read", () => {
  it("answers with a file's text, or with the lines that were asked for", async () => {
    await put({ "a.txt": "one\r\ntwo\nthree\n" });
    expect(await runText(readTool, { path: "a.txt" })).toBe("one\ntwo\nthree");
    expect(await runText(readTool, { path: "a.txt", from: 2, to: 2 })).toBe("two");
    expect(await runText(readTool, { path: "a.txt", from: 9 })).toBe("a.txt has only 3 lines");
    await expect(run(readTool, { path: "a.txt", from: 3, to: 2 })).rejects.toThrow(
      "to (2) is before from (3)",
    );
  });

  it("caps what it shows and says where to read on", async () => {
    await put({ "long.txt": "line\n".repeat(2500), "wide.txt": `${"x".repeat(5000)}\nend`, empty: "" });
    const first = await runText(readTool, { path: "long.txt" });
    expect(first).toMatch(/line\n\(lines 1 to 2000; the file goes on: read it from line 2001\)$/);
    expect((await runText(readTool, { path: "long.txt", from: 2001 })).split("\n")).toHaveLength(500);
    expect(await runText(readTool, { path: "wide.txt" })).toBe(`${"x".repeat(2000)}… (line cut)\nend`);
    expect(await runText(readTool, { path: "empty" })).toBe("empty is empty");
  });

  it("reads on in bounded memory where a file has one endless line", async () => {
    await put({ "huge.txt": "x".repeat(20_000_000) });
    expect(await runText(readTool, { path: "huge.txt" })).toBe(`${"x".repeat(2000)}… (line cut)`);
  });

  it("refuses a binary file and replaces what is not UTF-8", async () => {
    await put({ "image.png": Uint8Array.of(1, 0, 2), "latin.txt": Uint8Array.of(0x67, 0xfc, 0x6e) });
    await expect(run(readTool, { path: "image.png" })).rejects.toThrow(
      "image.png is a binary file, which can't be shown as text",
    );
    expect(await runText(readTool, { path: "latin.txt" })).toBe("g\uFFFDn");
  });

  it("keeps a letter whole that lies across two chunks", async () => {
    await put({ "split.txt": `${"x\n".repeat(32_767)}xé😀\n` });
    expect(await runText(readTool, { path: "split.txt", from: 32_768 })).toBe("xé😀");
  });

  it("says what is wrong with a path", async () => {
    await put({ "folder/a": "a" });
    await expect(run(readTool, { path: "none.md" })).rejects.toThrow("none.md does not exist");
    await expect(run(readTool, { path: "folder" })).rejects.toThrow("folder is a folder");
    await expect(run(readTool, { path: "folder/a/b" })).rejects.toThrow(
      "folder/a/b goes through a file as if it were a folder",
    );
  });
});

describe("glob", () => {
  it("lists matching files in order, without ignored ones, links and folders of tools", async () => {
    await put({
      "b.ts": "",
      "a/c.ts": "",
      "a.ts": "",
      "a/d.md": "",
      ".github/x.ts": "",
      ".git/x.ts": "",
      "node_modules/x.ts": "",
      ".omniforge/x.ts": "",
      "dist/x.ts": "",
      "a/skip.ts": "",
      "a/deep/keep.ts": "",
      ".gitignore": "dist/\nskip.ts\n*.log\n",
      "a/deep/.gitignore": "!keep.ts\n!x.log\n",
      "a/deep/x.log": "",
    });
    await symlink("/etc", join(workspace, "etc"));
    await symlink(".", join(workspace, "self"));
    expect(await runText(globTool, { pattern: "**/*.ts" })).toBe(
      [".github/x.ts", "a.ts", "a/c.ts", "a/deep/keep.ts", "b.ts"].join("\n"),
    );
    expect(await runText(globTool, { pattern: "**/*.log" })).toBe("a/deep/x.log");
    expect(await runText(globTool, { pattern: "./a/*" })).toBe("a/c.ts\na/d.md");
    expect(await runText(globTool, { pattern: "*.py" })).toBe("no file matches *.py");
  });

  it("leaves out what .gitignore names in its own case only, as git does", async () => {
    await put({ ".gitignore": "build\n", BUILD: "", "src/build/x": "" });
    expect(await runText(globTool, { pattern: "**" })).toBe(".gitignore\nBUILD");
  });

  it("caps the list and says how many there are", async () => {
    await put(Object.fromEntries(Array.from({ length: 510 }, (_, index) => [`f${index}`, ""])));
    expect((await runText(globTool, { pattern: "*" })).split("\n").at(-1)).toBe(
      "(the first 500 of 510 files; narrow the pattern)",
    );
  });

  it("refuses patterns that leave the workspace", async () => {
    for (const pattern of ["../*", "/etc/*", "{..,a}/*", "C:\\*"]) {
      await expect(run(globTool, { pattern })).rejects.toMatchObject({ code: "PATH_OUTSIDE" });
    }
  });
});

describe("grep", () => {
  it("takes a pattern as it stands, and as a regular expression when asked", async () => {
    await put({ "a.ts": "  a.b(c)\nA.B\naxb\n", "b/c.md": "a.b\n" });
    expect(await runText(grepTool, { pattern: "a.b" })).toBe("a.ts:1: a.b(c)\nb/c.md:1: a.b");
    expect(await runText(grepTool, { pattern: "a.b", ignoreCase: true, files: "*.ts" })).toBe(
      "a.ts:1: a.b(c)\na.ts:2: A.B",
    );
    expect(await runText(grepTool, { pattern: "^a.b$", regex: true })).toBe("a.ts:3: axb\nb/c.md:1: a.b");
    expect(await runText(grepTool, { pattern: "zz" })).toBe("no line matches zz");
    await expect(run(grepTool, { pattern: "a(", regex: true })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
  });

  it("counts lines by file, most first", async () => {
    await put({ "a.ts": "x\n", "b.ts": "x\nx x\n", "c.ts": "x\n" });
    expect(await runText(grepTool, { pattern: "x", counts: true })).toBe(
      "b.ts: 2\na.ts: 1\nc.ts: 1\n(4 lines in 3 files)",
    );
  });

  it("leaves out binary, large and ignored files, and caps lines", async () => {
    await put({
      bin: Uint8Array.of(0x78, 0),
      "large.txt": `x${" ".repeat(1_000_000)}`,
      ".gitignore": "no.md\n",
      "no.md": "x",
      "many.txt": "x\n".repeat(300),
      "wide.txt": `x${"y".repeat(500)}`,
    });
    const lines = (await runText(grepTool, { pattern: "x" })).split("\n");
    expect(lines).toHaveLength(201);
    expect(lines.at(-1)).toBe("(the first 200 of 301 lines in 2 files)");
    expect(await runText(grepTool, { pattern: "xy" })).toBe(`wide.txt:1: x${"y".repeat(199)}… (line cut)`);
  });

  it("stops a regular expression that would run for ever when the signal says so, while other work goes on", async () => {
    await put({ "a.txt": `${"a".repeat(60)}!\n` });
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 10);
    const started = performance.now();
    await expect(
      run(grepTool, { pattern: "^(a+)+$", regex: true }, AbortSignal.timeout(500)),
    ).rejects.toMatchObject({ name: "TimeoutError" });
    clearInterval(ticking);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(ticks).toBeGreaterThan(10);
  });

  it("does nothing once the signal is aborted", async () => {
    await put({ "a.txt": "x" });
    for (const regex of [false, true]) {
      await expect(
        run(grepTool, { pattern: "x", regex }, AbortSignal.abort(new Error("enough"))),
      ).rejects.toThrow("enough");
    }
  });
});

describe("write", () => {
  it("makes folders, says what it wrote, and changes nothing when it is repeated", async () => {
    const parameters = { path: "notes/report.md", content: "one\ntwo\n" };
    expect(await runText(writeTool, parameters)).toBe("wrote 2 lines to notes/report.md");
    expect(await runText(writeTool, parameters)).toBe("wrote 2 lines to notes/report.md");
    expect(await readFile(join(workspace, "notes/report.md"), "utf8")).toBe("one\ntwo\n");
    expect(await runText(writeTool, { path: "one", content: "x" })).toBe("wrote 1 line to one");
    expect(await runText(writeTool, { path: "none", content: "" })).toBe("wrote 0 lines to none");
  });

  it("keeps the mode of the file that it replaces", async () => {
    await put({ "run.sh": "old" });
    await chmod(join(workspace, "run.sh"), 0o750);
    await run(writeTool, { path: "run.sh", content: "new" });
    expect((await stat(join(workspace, "run.sh"))).mode & 0o777).toBe(0o750);
  });

  it("refuses a folder, and more than it may write", async () => {
    await put({ "folder/a": "a" });
    await expect(run(writeTool, { path: "folder", content: "" })).rejects.toThrow("folder is a folder");
    await expect(run(writeTool, { path: "new/", content: "" })).rejects.toThrow(
      "new/ names a folder, not a file",
    );
    await expect(run(writeTool, { path: "big", content: "x".repeat(5_000_001) })).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
  });
});
