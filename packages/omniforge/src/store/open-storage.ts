/** Where an OmniForge keeps its tasks, keys and large values: in files of its data directory, or in PostgreSQL. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { OmniForgeError } from "../protocol/error.ts";
import { fileBlobs, type BlobStore } from "./blob-store.ts";
import type { KeyStore } from "./key-store.ts";
import { postgresStore } from "./postgres/postgres-store.ts";
import { backUp } from "./sqlite/back-up.ts";
import type { Durability } from "./sqlite/database.ts";
import { sqliteStore } from "./sqlite/sqlite-store.ts";
import { telling } from "./sqlite/store-failure.ts";
import type { TaskStore } from "./task-store.ts";

export interface StorageChoice {
  readonly directory: string;
  /** A PostgreSQL address; then no tasks are kept in the directory. */
  readonly database?: string | undefined;
  readonly durability?: Durability | undefined;
}

export interface Storage {
  readonly store: TaskStore & { readonly keys: KeyStore };
  readonly blobs: BlobStore;
  /** Copies everything into a new folder. Throws INVALID_INPUT where that is not ours to do. */
  readonly backup: (folder: string) => Promise<void>;
}

export async function openStorage({ directory, database, durability }: StorageChoice): Promise<Storage> {
  // Also where the tasks are elsewhere: what belongs to this host alone is noted there (which server runs, say).
  telling(directory, "can't be made", () => mkdirSync(directory, { recursive: true }));
  const level = durability === undefined ? {} : { durability };
  if (database !== undefined) {
    const store = await postgresStore(database, level);
    return { store, blobs: store.blobs, backup: () => Promise.reject(ownTools(store.shown)) };
  }
  const store = sqliteStore(join(directory, "omniforge.db"), level);
  const folder = join(directory, "blobs");
  return { store, blobs: fileBlobs(folder), backup: (to) => backUp(store, folder, to) };
}

function ownTools(shown: string): OmniForgeError {
  return new OmniForgeError(
    "INVALID_INPUT",
    `the tasks are in ${shown}: copy them with PostgreSQL's own tools, like pg_dump --schema=omniforge`,
  );
}
