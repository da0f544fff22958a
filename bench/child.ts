/** A process of the bench: what is measured of a process (memory, CPU, its start, its death) is measured of one of these. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { moment } from "./statistics.ts";

export class Child {
  /** When it was spawned. */
  readonly began = moment();
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #gone: Promise<void>;

  constructor(file: string, ...words: readonly string[]) {
    const script = join(import.meta.dirname, file);
    this.#process = spawn(
      process.execPath,
      ["--conditions=omniforge:source", "--expose-gc", script, ...words],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    this.#gone = new Promise((resolve) => this.#process.once("close", () => resolve()));
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** The numbers after this word in the next line that begins with it; lines before it are passed over. */
  async says(word: string): Promise<readonly number[]> {
    for (;;) {
      const next: IteratorResult<string, unknown> = await this.#lines.next();
      if (next.done === true) throw new Error(`a process of the bench ended without saying ${word}`);
      const [first, ...numbers] = next.value.split(" ");
      if (first === word) return numbers.map(Number);
    }
  }

  order(text: string): void {
    this.#process.stdin.write(`${text}\n`);
  }

  /** SIGKILL; when that was. */
  async kill(): Promise<number> {
    const at = moment();
    this.#process.kill("SIGKILL");
    await this.#gone;
    return at;
  }
}
