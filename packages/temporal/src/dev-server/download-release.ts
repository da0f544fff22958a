/** The official release of the `temporal` binary for this machine, checked against the checksums that it is published with. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "omniforge/protocol";

export interface Download {
  readonly releases: string;
  readonly version: string;
  /** Where the binary is put. */
  readonly target: string;
  readonly onNotice: (notice: string) => void;
}

const systems: Readonly<Record<string, string>> = { linux: "linux", darwin: "darwin", win32: "windows" };
const processors: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
/** The checksums are a small file: whoever has no way out is told so soon. */
const patienceMs = 15_000;
const longPatienceMs = 10 * 60_000;

/** Throws an Error that says what went wrong, in half a sentence. */
export async function downloadRelease({ releases, version, target, onNotice }: Download): Promise<void> {
  const [system, processor] = [systems[process.platform], processors[process.arch]];
  if (system === undefined || processor === undefined)
    throw new Error(`there is no release for ${process.platform} on ${process.arch}`);
  const archive = `temporal_cli_${version}_${system}_${processor}.${system === "windows" ? "zip" : "tar.gz"}`;
  const place = `${releases}/v${version}`;
  const checksums = new TextDecoder().decode(await fetched(`${place}/checksums.txt`, patienceMs));
  const wanted = checksums
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .find(([, name]) => name === archive)?.[0];
  if (wanted === undefined) throw new Error(`release ${version} has no ${archive}`);
  onNotice(`Downloading temporal ${version} (${place}/${archive}).`);
  const bytes = await fetched(`${place}/${archive}`, longPatienceMs);
  if (createHash("sha256").update(bytes).digest("hex") !== wanted)
    throw new Error(`the download of ${archive} has not the checksum that it was published with`);
  const folder = await mkdtemp(join(tmpdir(), "omniforge-temporal-"));
  try {
    await writeFile(join(folder, archive), bytes);
    await unpack(archive, folder);
    await copyFile(join(folder, system === "windows" ? "temporal.exe" : "temporal"), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetched(url: string, patience: number): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(patience) });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (thrown) {
    const why = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    throw new Error(`the download of ${url} failed: ${messageOf(why)}`, {
      cause: thrown,
    });
  }
}

/** The `tar` of Windows reads .zip, too. */
async function unpack(archive: string, folder: string): Promise<void> {
  const child = spawn("tar", ["-xf", archive], { cwd: folder, stdio: "ignore" });
  const [code] = (await once(child, "exit").catch(() => [undefined])) as [unknown];
  if (code !== 0) throw new Error(`tar could not unpack ${archive}`);
}
