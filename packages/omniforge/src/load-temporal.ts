/** Loading the optional package of the other engine, only when it is chosen; without it, one clear error. */
import type { BackendFactory } from "./backend/backend.ts";
import { OmniForgeError } from "./protocol/error.ts";

/** Throws ENGINE_MISSING. */
export async function loadTemporal(): Promise<BackendFactory> {
  const name = "@omniforge/temporal";
  try {
    const loaded: unknown = await import(name);
    if (isTemporalPackage(loaded)) return loaded.temporal();
    throw new OmniForgeError(
      "ENGINE_MISSING",
      `the installed ${name} exports no backend: install the version of this release`,
    );
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new OmniForgeError(
      "ENGINE_MISSING",
      `the backend "temporal" needs the package ${name}: npm install ${name}`,
      { cause },
    );
  }
}

function isTemporalPackage(loaded: unknown): loaded is { temporal: () => BackendFactory } {
  return (
    typeof loaded === "object" &&
    loaded !== null &&
    "temporal" in loaded &&
    typeof loaded.temporal === "function"
  );
}
