/** The optional package `redis`: all that is used of it, and loading it when something is to be told or heard. */
import { createRequire } from "node:module";
import { OmniForgeError } from "../../protocol/error.ts";

export interface Client {
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(parts: readonly string[]): Promise<unknown>;
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<void>;
  unsubscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<void>;
  unref(): void;
  destroy(): void;
}

export interface ClientOptions {
  readonly url: string;
  readonly name: string;
  readonly socket: { readonly reconnectStrategy: false; readonly connectTimeout: number };
  readonly commandOptions: { readonly timeout: 0 };
  readonly disableOfflineQueue: true;
  readonly maintNotifications: "disabled";
}

export interface Driver {
  createClient(options: ClientOptions): Client;
}

export type LoadDriver = () => Promise<Driver>;

/** Looks for the package, which takes no time, and returns how to load it. Throws EVENTS_PACKAGE_MISSING. */
export function findDriver(
  find: (name: string) => unknown = createRequire(import.meta.url).resolve,
): LoadDriver {
  try {
    find("redis");
  } catch (cause) {
    throw new OmniForgeError(
      "EVENTS_PACKAGE_MISSING",
      "live events between processes need the package redis: npm install redis",
      { cause },
    );
  }
  return () => import("redis");
}
