/** `omniforge backup`: a copy of the data directory, made while tasks run. */
import { resolve } from "node:path";
import { exitCodes, type ExitCode } from "../exit-code.ts";
import { openForge } from "../open-forge.ts";
import { openOutput } from "../view/output.ts";

export interface BackupChoice {
  readonly data?: string;
}

/** Copies everything into a new folder and says where it is. */
export async function backup(folder: string, { data }: BackupChoice): Promise<ExitCode> {
  const { forge, close } = await openForge({ data, work: false });
  try {
    await forge.backup(folder);
    openOutput(process.stdout).write(`Copied to ${resolve(folder)}.\n`);
    return exitCodes.done;
  } finally {
    await close();
  }
}
