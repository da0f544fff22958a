/** Copying a data directory while it is used: the log first, then the blobs that it names, which are older than it. */
import { existsSync } from "node:fs";
import { cp, mkdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { OmniForgeError } from "../../protocol/error.ts";
import type { SqliteStore } from "./sqlite-store.ts";

/** Copies the store and its blobs into a new folder, which appears complete or not at all. */
export async function backUp(store: SqliteStore, blobFolder: string, folder: string): Promise<void> {
  if (existsSync(folder))
    throw new OmniForgeError("INVALID_INPUT", `the folder ${folder} exists: name a new one`);
  const draft = `${folder}.${process.pid}.part`;
  await mkdir(draft, { recursive: true });
  await store.backup(join(draft, "omniforge.db"));
  if (existsSync(blobFolder))
    await cp(blobFolder, join(draft, "blobs"), { recursive: true, filter: isWhole });
  await rename(draft, folder);
}

/** A blob that is being written has its writer's name behind its own; its entry is not in the copy. */
const isWhole = (path: string): boolean => !/^sha256-[^.]*\..+/.test(basename(path));
