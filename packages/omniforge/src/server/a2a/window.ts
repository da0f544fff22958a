/** Through which A2A looks at tasks: what is read raw is masked before anybody sees it. */
import type { OmniForge } from "../../create-omniforge.ts";
import type { BlobStore } from "../../store/blob-store.ts";
import type { TaskRow, TaskStore } from "../../store/task-store.ts";
import { createOutlines, type Outline } from "./outline.ts";

export interface Window {
  readonly store: TaskStore;
  readonly blobs: BlobStore;
  /** Secrets and configured fields masked. */
  readonly masked: <Value>(value: Value) => Value;
  readonly outlineOf: (row: TaskRow) => Promise<Outline>;
}

const windows = new WeakMap<TaskStore, Window>();

/** One for all tenants and requests of a process: outlines of long logs are kept in it. */
export function windowOf({ world, redactor }: Pick<OmniForge, "world" | "redactor">): Window {
  const { store, blobs } = world;
  const { record: masked } = redactor;
  const window = windows.get(store) ?? { store, blobs, masked, outlineOf: createOutlines(store, masked) };
  windows.set(store, window);
  return window;
}
