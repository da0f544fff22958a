/** Blobs as rows, beside the tasks: every host that sees the tasks sees them. */
import type { BlobStore } from "../blob-store.ts";
import { hashOf } from "../blob-store.ts";
import type { Connections } from "./connections.ts";

export function postgresBlobs({ ask }: Connections): BlobStore {
  return {
    async put({ tenant, task }, bytes) {
      const hash = hashOf(bytes);
      await ask("putBlob", [tenant, task, hash, bytes]);
      return { hash, bytes: bytes.byteLength };
    },
    async get({ tenant, task }, { hash }) {
      const bytes = (await ask("getBlob", [tenant, task, hash]))[0]?.["bytes"];
      return bytes instanceof Uint8Array ? bytes : undefined;
    },
    list: async ({ tenant, task }) =>
      (await ask("listBlobs", [tenant, task])).map((row) => String(row["hash"])),
    async remove({ tenant, task }, hash) {
      await ask("removeBlob", [tenant, task, hash]);
    },
    async erase({ tenant, task }) {
      await ask("eraseBlobs", [tenant, task]);
    },
  };
}
