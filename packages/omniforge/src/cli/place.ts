/** Where a command finds tasks, and the words that lead another command there. */

export const defaultData = ".omniforge";

export interface Place {
  /** The folder where tasks are kept. */
  readonly data?: string | undefined;
  /** The server that keeps them. */
  readonly url?: string | undefined;
}

/** Options that a printed command needs to find the same tasks. */
export function placeWords({ data, url }: Place): string[] {
  if (url !== undefined) return ["--url", url];
  return data === undefined || data === defaultData ? [] : ["--data", data];
}
