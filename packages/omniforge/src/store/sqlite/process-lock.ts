/**
 * Whether another process on this host lives: each holds an exclusive lock on a small file of its own, which the kernel
 * frees at its death. Quicker and surer than a heartbeat; a paused process still holds it, so a heartbeat stands behind.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { telling } from "./store-failure.ts";

export interface ProcessLock {
  release(): void;
}

/** Holds the lock until released or dead. */
export function holdLock(path: string): ProcessLock {
  const file = telling(path, "can't be locked", () => {
    mkdirSync(dirname(path), { recursive: true });
    const opened = new DatabaseSync(path);
    opened.exec(
      "pragma journal_mode = delete; create table if not exists lock (held integer); begin exclusive",
    );
    return opened;
  });
  return {
    release() {
      file.close();
      rmSync(path, { force: true });
    },
  };
}

/** Whether somebody holds it. A file that is gone is held by nobody. */
export function isLockHeld(path: string): boolean {
  if (!existsSync(path)) return false;
  const file = new DatabaseSync(path);
  try {
    file.exec("begin exclusive");
    return false;
  } catch {
    // Busy: the owner lives.
    return true;
  } finally {
    file.close();
  }
}

export function removeLock(path: string): void {
  rmSync(path, { force: true });
}
