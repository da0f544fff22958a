/** What our own package.json says: the one place that knows the version. */
import { readFileSync } from "node:fs";
import { z } from "zod";

const shape = z.object({ version: z.string(), dependencies: z.object({ zod: z.string() }) });

/** The versions of omniforge and of the zod that it uses. */
export function ownManifest(): { readonly version: string; readonly zod: string } {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version, dependencies } = shape.parse(JSON.parse(text));
  return { version, zod: dependencies.zod };
}
