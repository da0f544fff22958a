/** A server as a process of its own: to be killed, and started again at the same port. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts one; resolves once it listens. `stammering`: turns, failures, and milliseconds between two pieces of text. */
export function serve(data: string, port: number, stammering: readonly number[]): Promise<Served> {
  const program = join(import.meta.dirname, "server-program.ts");
  const words = ["--conditions=omniforge:source", program, data, String(port), ...stammering.map(String)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    child.stdout.setEncoding("utf8").once("data", (line: string) => resolve({ child, url: line.trim() }));
  });
}

/** Resolves once it is dead. */
export function kill({ child }: Served): Promise<unknown> {
  const gone = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  return gone;
}
