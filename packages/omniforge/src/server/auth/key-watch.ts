/**
 * Streams outlive the moment in which their key was checked: this ends them once it is revoked or has expired.
 *
 * One lookup for each key in use, twice a second, however many streams it has; nothing runs while there are none.
 */
import type { KeyStore } from "../../store/key-store.ts";
import { isValid } from "./authenticate.ts";

export interface KeyWatch {
  /** Calls back once the key is not valid any more. Returns how to stop watching. */
  watch(key: string, ended: () => void): () => void;
}

export function createKeyWatch(keys: KeyStore, now: () => number = Date.now, everyMs = 500): KeyWatch {
  const watched = new Map<string, Set<() => void>>();
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    for (const [id, listeners] of watched) {
      const stored = await keys.find(id);
      if (stored !== undefined && isValid(stored, now())) continue;
      watched.delete(id);
      for (const ended of listeners) ended();
    }
  };
  const again = (): void => {
    timer = setTimeout(() => {
      // A store that can't be read now is asked again; requests fail meanwhile all the same.
      void look()
        .catch(() => undefined)
        .then(() => (watched.size > 0 ? again() : (timer = undefined)));
    }, everyMs);
    timer.unref();
  };
  return {
    watch(key, ended) {
      const listeners = watched.get(key) ?? new Set();
      watched.set(key, listeners);
      listeners.add(ended);
      if (timer === undefined) again();
      return () => {
        listeners.delete(ended);
        if (listeners.size === 0 && watched.get(key) === listeners) watched.delete(key);
      };
    },
  };
}
