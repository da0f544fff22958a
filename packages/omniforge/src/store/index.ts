export { fileBlobs, hashOf, memoryBlobs, type BlobStore } from "./blob-store.ts";
export { memoryStore } from "./memory/memory-store.ts";
export { sqliteStore } from "./sqlite/sqlite-store.ts";
export type { Durability } from "./sqlite/database.ts";
export type * from "./task-store.ts";
