import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Json } from "../../protocol/json.ts";
import { editTool, writeTool } from "./index.ts";

let workspace: string;

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), "omniforge-edit-"));
});

afterEach(() => rm(workspace, { recursive: true, force: true }));

const put = (text: string | Uint8Array): Promise<void> => writeFile(join(workspace, "a.txt"), text);
const now = (): Promise<string> => readFile(join(workspace, "a.txt"), "utf8");

async function edit(
  parameters: {
    old: string;
    new: string;
    all?: boolean;
    path?: string;
  },
  idempotencyKey = "i",
): Promise<unknown> {
  return editTool.execute(
    { path: "a.txt", ...parameters },
    {
      tenant: "t",
      task: "k",
      idempotencyKey,
      signal: new AbortController().signal,
      workspace,
      answers: [],
      progress: () => {},
    },
  );
}

const preview = (parameters: Json): Promise<string | undefined> | undefined =>
  editTool.preview?.(parameters, { workspace });

describe("edit", () => {
  it("replaces the one passage that matches exactly, and nothing else", async () => {
    await put("\uFEFFone $& two\n\ttwo\n");
    expect(await edit({ old: "\ttwo", new: "$1 $& $$" })).toBe("replaced 1 passage in a.txt, in line 2");
    expect(await now()).toBe("\uFEFFone $& two\n$1 $& $$\n");
  });

  it("refuses a passage that is there more than once, naming the lines, unless all are meant", async () => {
    await put("x\ny\nx\nx\n");
    await expect(edit({ old: "x\n", new: "z\n" })).rejects.toThrow("3 times (from lines 1, 3, 4)");
    expect(await now()).toBe("x\ny\nx\nx\n");
    expect(await edit({ old: "x", new: "xx", all: true })).toBe(
      "replaced 3 passages in a.txt, the first in line 1",
    );
    expect(await now()).toBe("xx\ny\nxx\nxx\n");
  });

  it("refuses a passage that overlaps itself: which of its places is meant can't be told", async () => {
    await put("}\n}\n}\n");
    await expect(edit({ old: "}\n}\n", new: "}\n" })).rejects.toThrow("2 times (from lines 1, 2)");
    expect(await now()).toBe("}\n}\n}\n");
    expect(await edit({ old: "}\n}\n", new: "}\n", all: true })).toContain("replaced 1 passage");
  });

  it("loses none of the edits of one file that a reply makes side by side", async () => {
    const places = Array.from({ length: 12 }, (_, at) => `<${at}>`);
    await put(places.join("\n"));
    await Promise.all(places.map((place) => edit({ old: place, new: `${place} done` }, place)));
    expect(await now()).toBe(places.map((place) => `${place} done`).join("\n"));
  });

  it("says how a passage that isn't there is nearly there", async () => {
    await put("function a() {\n  return 1;\n}\n");
    await expect(edit({ old: "nowhere", new: "x" })).rejects.toThrow(
      "does not contain the old text; read it again",
    );
    await expect(edit({ old: "a() {\n\treturn 1;", new: "x" })).rejects.toThrow("with other white space");
    await expect(edit({ old: "  return 1;\n  return 2;", new: "x" })).rejects.toThrow("stands in line 2");
    await expect(edit({ old: "a", new: "a" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("keeps the line ends of a Windows file, though read shows none", async () => {
    await put("one\r\ntwo\r\nthree\r\n");
    await edit({ old: "one\ntwo", new: "1\n2" });
    expect(await now()).toBe("1\r\n2\r\nthree\r\n");
    await edit({ old: "three", new: "3\n4" });
    expect(await now()).toBe("1\r\n2\r\n3\r\n4\r\n");
  });

  it("refuses what writing back would change: binary files, other encodings, large ones", async () => {
    await put(Uint8Array.of(0, 1, 2));
    await expect(edit({ old: "a", new: "b" })).rejects.toThrow("binary");
    await put(Uint8Array.of(0x61, 0xff));
    await expect(edit({ old: "a", new: "b" })).rejects.toThrow("not UTF-8");
    await put("a".repeat(5_000_001));
    await expect(edit({ old: "a", new: "b" })).rejects.toThrow("at most 5000000");
    await expect(edit({ old: "a", new: "b", path: "../a" })).rejects.toMatchObject({ code: "PATH_OUTSIDE" });
    await expect(edit({ old: "a", new: "b", path: "none" })).rejects.toThrow("does not exist");
  });

  it("previews the diff, or says why the edit would fail, and changes nothing", async () => {
    await put("one\ntwo\n");
    expect(await preview({ path: "a.txt", old: "one", new: "1" })).toBe(
      "a.txt\n@@ -1,2 +1,2 @@\n-one\n+1\n two",
    );
    expect(await preview({ path: "a.txt", old: "three", new: "1" })).toContain(
      "(this edit would fail: a.txt does not",
    );
    expect(await now()).toBe("one\ntwo\n");
    const replaced = await writeTool.preview?.({ path: "a.txt", content: "one\n" }, { workspace });
    expect(replaced).toBe("a.txt\n@@ -1,2 +1,1 @@\n one\n-two");
  });

  it("is asked about each time, and never repeated silently", () => {
    expect(editTool.spec).toMatchObject({ effects: "once", approval: "always" });
  });
});
