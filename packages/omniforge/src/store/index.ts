export { fileBlobs, hashOf, memoryBlobs, type BlobStore } from "./blob-store.ts";
export { memoryKeys } from "./memory/memory-keys.ts";
export { memoryStore } from "./memory/memory-store.ts";
export { sqliteStore } from "./sqlite/sqlite-store.ts";
export { postgresStore, type PostgresOptions, type PostgresStore } from "./postgres/postgres-store.ts";
export type { Durability } from "./sqlite/database.ts";
export type * from "./key-store.ts";
export type * from "./task-store.ts";
