/**
 * Temporal's own configuration: its environment variables, and a profile of its config file.
 *
 * Owns: saying what is wrong with it, and what to correct. Nothing of the file is quoted, nor kept as a cause: keys may
 * stand in it.
 */
import { existsSync } from "node:fs";
import { loadClientConnectConfig, type ClientConnectConfig } from "@temporalio/envconfig";
import { OmniForgeError, messageOf } from "omniforge/protocol";

/** Reads it. Throws INVALID_INPUT. */
export function temporalConfiguration(): ClientConnectConfig {
  const { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: profile } = process.env;
  // A file that is not there is taken for none, which is right only where nobody has named it.
  if (file !== undefined && file !== "" && !existsSync(file))
    throw wrong(`TEMPORAL_CONFIG_FILE names ${file}, which is not there. Correct the path, or unset it.`);
  try {
    return loadClientConnectConfig();
  } catch (thrown) {
    throw wrong(whatIsWrong(thrown, file || "Temporal's config file", profile));
  }
}

const wrong = (message: string): OmniForgeError => new OmniForgeError("INVALID_INPUT", message);

function whatIsWrong(thrown: unknown, file: string, profile: string | undefined): string {
  // What follows its first line are lines of the file.
  const [said = ""] = messageOf(thrown).split("\n", 1);
  if (said.startsWith("Profile "))
    return `TEMPORAL_PROFILE names ${profile}, and ${file} has no such profile. Correct the name, or add [profile.${profile}].`;
  if (!(thrown instanceof Error)) return said;
  if ("line" in thrown && "column" in thrown)
    return `${file} is no TOML (line ${String(thrown.line)}, column ${String(thrown.column)}): ${said.replace(/^.*?: /, "")}. Correct it.`;
  if ("code" in thrown)
    return `a file of Temporal's configuration can't be read: ${said}. Correct its path (TEMPORAL_TLS_…_PATH, TEMPORAL_CONFIG_FILE, or the profile).`;
  if (thrown instanceof TypeError)
    return `${file} has no tables [profile.<name>], which hold what Temporal's config file says. Add one, or remove the file.`;
  return `Temporal's configuration is wrong: ${said}. Correct the variables TEMPORAL_…, or ${file}.`;
}
