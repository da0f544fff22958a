import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OmniForgeError } from "../../../protocol/error.ts";
import { bashTool, createShellTool, type ShellToolOptions } from "./index.ts";
import { availableWalls } from "./sandbox.ts";

let workspace: string;
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  environment = { ...process.env };
  workspace = await realpath(await mkdtemp(join(tmpdir(), "omniforge-shell-")));
});

afterEach(async () => {
  process.env = environment;
  await rm(workspace, { recursive: true, force: true });
});

interface Running {
  readonly approved?: boolean;
  readonly signal?: AbortSignal;
  readonly seconds?: number;
  readonly progress?: (text: string) => void;
}

async function run(command: string, options: ShellToolOptions = {}, how: Running = {}): Promise<string> {
  const { approved = true, signal = new AbortController().signal, progress = () => {}, seconds } = how;
  const output = await createShellTool(options).execute(
    { command, ...(seconds !== undefined && { seconds }) },
    { tenant: "t", task: "k", idempotencyKey: "i", signal, workspace, answers: [], approved, progress },
  );
  return typeof output === "string" ? output : JSON.stringify(output);
}

const pidWritten = async (name: string): Promise<void> => {
  const path = join(workspace, name);
  const text = (): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  await expect.poll(text, { timeout: 10_000 }).toMatch(/\d\n/);
};

/** Processes that run this very sleep, seen from outside of any sandbox. */
function sleepers(seconds: string): Promise<string> {
  const child = spawn("ps", ["-eo", "stat=,args="], { stdio: ["ignore", "pipe", "ignore"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const isOne = (line: string): boolean => new RegExp(`^[^Z]\\S*\\s+sleep ${seconds}`).test(line);
  return once(child, "close").then(() =>
    Buffer.concat(chunks).toString().split("\n").filter(isOne).join("\n"),
  );
}

describe("bash", () => {
  it("asks a person by default, and says where the command would run and why it asks", async () => {
    expect(bashTool.spec).toMatchObject({ name: "bash", effects: "once", approval: "tool" });
    expect(await bashTool.needsApproval({ command: "ls" })).toBe(true);
    const confined = availableWalls() === "none" ? "It runs UNCONFINED" : "It runs inside bubblewrap";
    expect(bashTool.spec.description).toContain(confined);
    const preview = await bashTool.preview?.({ command: "ls; id" }, { workspace });
    expect(preview).toContain(`$ ls; id\n\n${confined}`);
    expect(preview).toContain("A person decides, because it has several commands.");
    const bare = createShellTool({ sandbox: "off" });
    expect(bare.spec.description).toContain("UNCONFINED");
    expect(await bare.preview?.({ command: "ls" }, { workspace })).toContain("UNCONFINED");
  });

  it("runs by its rules: some at once, some never, the rest only once approved", async () => {
    const rules = { allow: ["echo *", "ls"], deny: ["rm *"] };
    const tool = createShellTool({ rules });
    expect(await tool.needsApproval({ command: "echo 'a  b'" })).toBe(false);
    expect(await run("echo 'a  b'", { rules }, { approved: false })).toMatch(/^a {2}b\n\(exit code 0, /);
    expect(await tool.needsApproval({ command: "rm x" })).toBe(false);
    await expect(run("rm x", { rules })).rejects.toMatchObject({ code: "COMMAND_REFUSED" });
    expect(await tool.needsApproval({ command: "echo a; ls" })).toBe(true);
    await expect(run("echo a; ls", { rules }, { approved: false })).rejects.toThrow("nobody approved it");
    expect(await run("echo a; echo b", { rules })).toMatch(/^a\nb\n/);
    expect(await run("echo a; echo b", { rules, approval: "never" }, { approved: false })).toMatch(/^a\nb\n/);
  });

  it("refuses rules that would allow anything, or that are no simple command", () => {
    for (const allow of [
      "env *",
      "bash *",
      "sudo *",
      "git config *",
      "python3 *",
      "npm run *",
      "a; b",
      "$x",
      "",
      "A=1 b",
    ])
      expect(() => createShellTool({ rules: { allow: [allow] } })).toThrow(OmniForgeError);
  });

  it("shows a failure's code, and both streams in their order", async () => {
    expect(await run("echo a; echo b >&2; echo c; exit 3")).toMatch(/^a\nb\nc\n\(exit code 3, \d/);
    expect(await run("true")).toMatch(/^\(no output\)\n\(exit code 0/);
    await expect(run("ls", {}, { signal: AbortSignal.abort(new Error("canceled")) })).rejects.toThrow(
      "canceled",
    );
  });

  it("passes an allow-list of variables, and no folder of the workspace in PATH", async () => {
    Object.assign(process.env, {
      OPENAI_API_KEY: "SECRET",
      AWS_SECRET_ACCESS_KEY: "SECRET",
      ANYTHING_NEW: "SECRET",
      BASH_ENV: "SECRET",
      "BASH_FUNC_ls%%": "() { echo SECRET; }",
      LD_PRELOAD: "",
      PATH: `${workspace}/bin:.::relative:${process.env["PATH"] ?? ""}`,
    });
    const shown = await run("env; ls", { environment: { WANTED: "yes" } });
    expect(shown).not.toContain("SECRET");
    expect(shown).toContain("WANTED=yes");
    expect(shown).toMatch(/^PATH=\/(?!.*(?:omniforge-shell|relative|:\.:|::))/m);
  });

  it("returns long output whole, beside its end, and bounds what is endless", async () => {
    const long = await run("seq 1 20000");
    const { parts } = JSON.parse(long) as { parts: { text: string }[] };
    expect(parts[0]?.text).toMatch(
      /^\(exit code 0, .* s; 108894 characters of output, which end so:\)\n[\s\S]*\n20000\n$/,
    );
    expect(parts[1]?.text).toHaveLength(108_894);
    const endless = await run("yes | head -c 50000000; echo; echo end", { maximumBytes: 10_000 });
    expect(endless).toContain("[… 49990005 bytes left out …]");
    expect(endless).toContain("\nend\n");
  });

  it("shows followers what is written while it runs", async () => {
    const seen: string[] = [];
    await run("echo one; sleep 0.2; echo zwölf", {}, { progress: (text) => seen.push(text) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.join("")).toBe("one\nzwölf\n");
  });
});

describe.each([
  ["inside bubblewrap", "required"],
  ["unconfined", "off"],
] as const)("a command %s", (_, sandbox) => {
  const skipped = sandbox === "required" && availableWalls() === "none";

  it.skipIf(skipped)(
    "is asked to stop when its time is over, then killed, with all of its group",
    async () => {
      const asked = await run(
        "trap 'echo asked; exit 4' TERM; sleep 601.1 & wait",
        { sandbox },
        { seconds: 0.4 },
      );
      // Where env can't give the signal its meaning back, bubblewrap takes the command with it at once.
      const first = sandbox === "required" && availableWalls() === "plain" ? "(no output)" : "asked";
      expect(asked).toMatch(/^(asked|\(no output\))\n\(stopped after \d\.\d s: its time was over\)$/);
      expect(asked.startsWith(first)).toBe(true);
      const killed = await run(
        "trap '' TERM; sleep 601.2 & (trap '' TERM; sleep 601.3)",
        { sandbox, killGraceMs: 200 },
        { seconds: 0.4 },
      );
      expect(killed).toMatch(/stopped after/);
      expect(await sleepers("601")).toBe("");
    },
  );

  it.skipIf(skipped)("dies with all of its group when it is aborted", async () => {
    const stop = new AbortController();
    const running = run(
      "sleep 602.1 & echo $! > pid; trap '' TERM; sleep 602.2",
      { sandbox, killGraceMs: 200 },
      { signal: stop.signal },
    );
    await pidWritten("pid");
    expect(await sleepers("602")).not.toBe("");
    stop.abort(new Error("canceled"));
    await expect(running).rejects.toThrow("canceled");
    expect(await sleepers("602")).toBe("");
  });

  it.skipIf(skipped)("takes what it left in the background with it", async () => {
    expect(await run("sleep 603 & disown; (sleep 603 &) ; echo done", { sandbox })).toMatch(/^done\n/);
    expect(await sleepers("603")).toBe("");
  });

  it.skipIf(skipped)("dies when OmniForge's process is killed", async () => {
    const program = `
      const { createShellTool } = await import(${JSON.stringify(join(import.meta.dirname, "index.ts"))});
      const context = { tenant: "t", task: "k", idempotencyKey: "i", signal: new AbortController().signal, workspace: process.argv[1], answers: [], approved: true, progress() {} };
      await createShellTool({ sandbox: process.argv[2] }).execute({ command: "sleep 604.1 & (trap '' TERM HUP; sleep 604.2) & echo $! > pid; wait" }, context);`;
    const owner = spawn(
      process.execPath,
      ["--conditions=omniforge:source", "--input-type=module", "-e", program, workspace, sandbox],
      { stdio: "inherit" },
    );
    const seen = await pidWritten("pid")
      .then(() => sleepers("604"))
      .finally(() => owner.kill("SIGKILL"));
    expect(seen.split("\n")).toHaveLength(2);
    await expect.poll(() => sleepers("604"), { timeout: 5_000 }).toBe("");
  });

  it.skipIf(skipped)("is held to its memory", async () => {
    const bomb = await run("x=$(head -c 400000000 /dev/zero | tr '\\0' a); echo survived ${#x}", {
      sandbox,
      memoryMb: 128,
    });
    expect(bomb).not.toContain("survived 4");
  });
});

describe.skipIf(availableWalls() === "none")("the sandbox", () => {
  it("lets a command write to the workspace, and nowhere else", async () => {
    const outside = await realpath(await mkdtemp(join(tmpdir(), "omniforge-outside-")));
    const attempts = [outside, "/etc", "/usr", "/", "/var", process.cwd(), "/proc/sys/kernel", "/sys/kernel"];
    const shown = await run(
      `echo a > inside; ${attempts.map((path) => `echo x > ${path}/omniforge-canary && echo WROTE ${path}`).join("; ")}; ln -s ${outside} out; echo x > out/canary; mkdir /tmp/own && echo private > /tmp/own/x; cat inside`,
    );
    expect(shown).not.toContain("WROTE");
    expect(shown).toContain("\na\n");
    expect(existsSync(join(workspace, "inside"))).toBe(true);
    expect(attempts.filter((path) => existsSync(join(path, "omniforge-canary")))).toEqual([]);
    expect([existsSync(join(outside, "canary")), existsSync("/tmp/own")]).toEqual([false, false]);
    await rm(outside, { recursive: true });
  });

  it("shows neither keys of the home folder, nor other tasks, nor this process", async () => {
    const home = join(workspace, "..", `omniforge-home-${process.pid}`);
    await mkdir(join(home, ".ssh"), { recursive: true });
    await mkdir(join(workspace, ".omniforge"));
    for (const path of [
      join(home, ".ssh/id"),
      join(home, ".netrc"),
      join(home, "kept"),
      join(workspace, ".omniforge/db"),
    ])
      await writeFile(path, path.endsWith("kept") ? "KEPT" : "SECRET");
    Object.assign(process.env, { HOME: home, CANARY: "SECRET" });
    // The home folder lies in /tmp, which is private: it is shown on purpose, to see what is hidden in it.
    const shown = await run(
      `cat ~/.ssh/id ~/.netrc ~/kept .omniforge/db; cat /proc/[0-9]*/environ; ls /proc | grep -c '^[0-9]'; echo x > .omniforge/db`,
      { writable: [home] },
    );
    expect(shown).not.toContain("SECRET");
    expect(shown).toContain("KEPT");
    expect(readFileSync(join(workspace, ".omniforge/db"), "utf8")).toBe("SECRET");
    await rm(home, { recursive: true });
  });

  it("keeps the folder that a .git file names, where it lies in the workspace", async () => {
    await mkdir(join(workspace, ".bare/worktrees/one"), { recursive: true });
    await writeFile(join(workspace, ".git"), "gitdir: ./.bare/worktrees/one\n");
    await writeFile(join(workspace, ".bare/worktrees/one/commondir"), "../..\n");
    await run("echo x > .git; echo x > .bare/config; echo x > .bare/worktrees/one/config; echo y > z");
    expect(readFileSync(join(workspace, ".git"), "utf8")).toContain("gitdir");
    expect(existsSync(join(workspace, ".bare/config"))).toBe(false);
    expect(existsSync(join(workspace, ".bare/worktrees/one/config"))).toBe(false);
    expect(existsSync(join(workspace, "z"))).toBe(true);
  });

  it("keeps .git as it is, unless its owner says otherwise", async () => {
    await mkdir(join(workspace, ".git/hooks"), { recursive: true });
    await writeFile(join(workspace, ".git/config"), "mine");
    const attack =
      "echo x > .git/config; echo x > .git/hooks/pre-commit; mv .git .git2; rm -rf .git; umount .git; mount --bind /tmp .git; echo done";
    expect(await run(attack)).toContain("done");
    expect(readFileSync(join(workspace, ".git/config"), "utf8")).toBe("mine");
    expect(existsSync(join(workspace, ".git/hooks/pre-commit"))).toBe(false);
    await run("echo x > .git/config", { writable: [".git"] });
    expect(readFileSync(join(workspace, ".git/config"), "utf8")).toBe("x\n");
  });

  it("has no network unless allowed, nor the sockets of this machine", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.end("SECRET\n");
    }).listen(0, "127.0.0.1");
    const path = join(tmpdir(), `omniforge-socket-${process.pid}`);
    const local = createServer(() => connections++).listen(path);
    await Promise.all([once(server, "listening"), once(local, "listening")]);
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const knock = `cat < /dev/tcp/127.0.0.1/${port}; ${process.execPath} -e 'require("net").connect(process.argv[1]).on("error", (e) => console.log(e.code))' ${path}`;
    expect(await run(knock)).not.toContain("SECRET");
    expect(connections).toBe(0);
    expect(await run(`cat < /dev/tcp/127.0.0.1/${port}`, { network: true })).toContain("SECRET");
    expect(connections).toBe(1);
    server.close();
    local.close();
  });

  it("has no rights to leave it by", async () => {
    const shown = await run(
      "grep CapEff /proc/self/status; for p in / /usr /etc; do mount -o remount,bind,rw $p && echo REMOUNTED; done; mknod disk b 8 0 && echo MADE; nsenter -t 1 -m touch /etc/omniforge-canary && echo ENTERED; chroot / true && echo ROOTED; kill -9 -1; echo 1 > /proc/sysrq-trigger && echo SYSRQ; ls -d /run/* /dev/sd* /dev/vd*; ulimit -u",
    );
    expect(shown).not.toMatch(/REMOUNTED|MADE|ENTERED|ROOTED|SYSRQ|\/dev\/[sv]d[a-z]/);
    expect(existsSync("/etc/omniforge-canary")).toBe(false);
  });

  it("ends what left the command's own group, too", async () => {
    await run("setsid sleep 605 & setsid -f sleep 605; echo done");
    await expect.poll(() => sleepers("605"), { timeout: 2_000 }).toBe("");
  });

  it("refuses the whole file system as a workspace", async () => {
    const context = {
      tenant: "t",
      task: "k",
      idempotencyKey: "i",
      signal: new AbortController().signal,
      workspace: "/",
      answers: [],
      approved: true,
      progress: () => {},
    };
    await expect(bashTool.execute({ command: "true" }, context)).rejects.toMatchObject({
      code: "COMMAND_REFUSED",
    });
  });
});
