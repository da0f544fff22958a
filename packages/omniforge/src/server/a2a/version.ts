/** Which A2A a request speaks (specification 3.6): 1.0, in a header or in the query. Patch numbers are not looked at. */
import { VersionNotSupportedError } from "./sdk.ts";

export const versionHeader = "A2A-Version";

/** Throws VersionNotSupportedError. Who names none speaks 0.3, says the specification. */
export function checkVersion(header: string | undefined, query: string | undefined): void {
  const named = (header ?? query ?? "").trim();
  if (/^1\.0(\.\d+)?$/.test(named)) return;
  const asked =
    named === "" ? "0.3, which is meant where the header A2A-Version is missing," : named.slice(0, 20);
  throw new VersionNotSupportedError({
    message: `A2A ${asked} is not supported: send A2A-Version: 1.0`,
    metadata: { supported: "1.0" },
  });
}
