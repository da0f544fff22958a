/**
 * Large values beside the log: written durably before the entry that names them, kept by tenant, task and hash.
 *
 * Hashes carry their algorithm (`sha256-…`), are opaque, and are compared stored to stored.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BlobReference } from "../protocol/message.ts";
import type { TaskReference } from "../protocol/task.ts";

export interface BlobStore {
  /** Durable when it resolves; the same bytes again are the same blob. */
  put(reference: TaskReference, bytes: Uint8Array): Promise<BlobReference>;
  get(reference: TaskReference, blob: BlobReference): Promise<Uint8Array | undefined>;
  /** What a task has: names that the log may or may not refer to. */
  list(reference: TaskReference): Promise<readonly string[]>;
  /** Deletes one blob; harmless when it is gone. */
  remove(reference: TaskReference, hash: string): Promise<void>;
  /** Deletes all blobs of a task. */
  erase(reference: TaskReference): Promise<void>;
}

export function hashOf(bytes: Uint8Array | string): string {
  return `sha256-${createHash("sha256").update(bytes).digest("base64url")}`;
}

/** Blobs as files under a directory. */
export function fileBlobs(directory: string): BlobStore {
  const folder = (reference: TaskReference): string =>
    join(directory, encodeURIComponent(reference.tenant), encodeURIComponent(reference.task));
  return {
    async put(reference, bytes) {
      const hash = hashOf(bytes);
      const path = join(folder(reference), hash);
      await mkdir(folder(reference), { recursive: true });
      const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
      const file = await open(draft, "wx", 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
      await syncFolder(folder(reference));
      return { hash, bytes: bytes.byteLength };
    },
    async get(reference, blob) {
      try {
        return await readFile(join(folder(reference), blob.hash));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async list(reference) {
      // Nearly every task has none: looked for at once, because a folder that is missing costs a hundred times as much to list.
      if (!existsSync(folder(reference))) return [];
      try {
        return await readdir(folder(reference));
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
    async remove(reference, hash) {
      await rm(join(folder(reference), hash), { force: true });
    },
    async erase(reference) {
      await rm(folder(reference), { recursive: true, force: true });
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** A rename is durable only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Blobs in memory, for tests and the simulation. */
export function memoryBlobs(): BlobStore {
  const blobs = new Map<string, Uint8Array>();
  const prefix = (reference: TaskReference): string =>
    `${JSON.stringify([reference.tenant, reference.task])}:`;
  return {
    put(reference, bytes) {
      const hash = hashOf(bytes);
      blobs.set(prefix(reference) + hash, bytes);
      return Promise.resolve({ hash, bytes: bytes.byteLength });
    },
    get: (reference, blob) => Promise.resolve(blobs.get(prefix(reference) + blob.hash)),
    list: (reference) =>
      Promise.resolve(
        [...blobs.keys()]
          .filter((key) => key.startsWith(prefix(reference)))
          .map((key) => key.slice(prefix(reference).length)),
      ),
    remove(reference, hash) {
      blobs.delete(prefix(reference) + hash);
      return Promise.resolve();
    },
    erase(reference) {
      for (const key of blobs.keys()) if (key.startsWith(prefix(reference))) blobs.delete(key);
      return Promise.resolve();
    },
  };
}
