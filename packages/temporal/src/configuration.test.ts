import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OmniForgeError } from "omniforge/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { placeOf } from "./options.ts";

const secret = "SECRET-77b1";

describe("Temporal's own configuration", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "omniforge-configuration-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(() => {
    for (const name of Object.keys(process.env))
      if (name.startsWith("TEMPORAL_")) vi.stubEnv(name, undefined);
    // Whoever runs this may have a config file of their own.
    vi.stubEnv("XDG_CONFIG_HOME", folder);
    vi.stubEnv("HOME", folder);
  });
  afterEach(() => vi.unstubAllEnvs());

  const path = (name: string): string => join(folder, name);
  function file(text: string): string {
    writeFileSync(path("temporal.toml"), text);
    return path("temporal.toml");
  }
  /** What is wrong, if anything is. */
  function refusal(environment: Readonly<Record<string, string>>): string {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    try {
      placeOf({});
      return "";
    } catch (thrown) {
      if (!OmniForgeError.is(thrown, "INVALID_INPUT")) throw thrown;
      return String(thrown);
    }
  }

  it("need not be there", () => {
    expect(refusal({})).toBe("");
    expect(placeOf({})).toMatchObject({ address: "localhost:7233", namespace: "default" });
  });

  it("says so where the file that is named is not there, and does not go elsewhere", () => {
    const named = path("none.toml");
    expect(refusal({ TEMPORAL_CONFIG_FILE: named })).toContain(`${named}, which is not there`);
  });

  it("names a profile that is in no file, and what is in its place", () => {
    expect(refusal({ TEMPORAL_PROFILE: "mine" })).toContain(
      "TEMPORAL_PROFILE names mine, and Temporal's config file",
    );
    const named = file(`[profile.other]\napi_key = "${secret}"\n`);
    expect(refusal({ TEMPORAL_CONFIG_FILE: named })).toContain(`${named} has no such profile`);
  });

  it("says where a file is no TOML, in one line, and quotes none of it", () => {
    const named = file(`[profile.default]\napi_key = "${secret}"\naddress = \n`);
    const said = refusal({ TEMPORAL_CONFIG_FILE: named });
    expect(said).toContain(`${named} is no TOML (line 3, column`);
    expect(said).not.toMatch(/\n|SECRET/);
  });

  it("says so where a file has no profiles", () => {
    expect(refusal({ TEMPORAL_CONFIG_FILE: file("") })).toContain("has no tables [profile.<name>]");
  });

  it("names a certificate that is not there", () => {
    const named = path("ca.pem");
    expect(refusal({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: named })).toContain(`'${named}'`);
  });

  it("passes on what else its reader says", () => {
    const both = { TEMPORAL_TLS_CLIENT_KEY_PATH: path("key.pem"), TEMPORAL_TLS_CLIENT_KEY_DATA: secret };
    expect(refusal(both)).toContain("Cannot specify both client_key_path and client_key_data");
  });
});
