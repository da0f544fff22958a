/**
 * Where Redis is: `redis://user:password@host:port/database`, or `rediss://` for TLS.
 *
 * Owns: what of it may be shown, which is never the password.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import { noteSecret } from "../../redaction/known-secrets.ts";

export interface Address {
  /** For the driver. */
  readonly url: string;
  /** For people. */
  readonly shown: string;
}

/** Throws INVALID_INPUT. */
export function readAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRedis =
    url !== undefined &&
    /^rediss?:$/.test(url.protocol) &&
    url.hostname !== "" &&
    /^(?:\/\d*)?$/.test(url.pathname) &&
    isEncoded(url.password) &&
    isEncoded(url.username);
  if (!isRedis)
    throw new OmniForgeError(
      "INVALID_INPUT",
      "the address of Redis has the form redis://user:password@host:6379/0, or rediss:// for TLS",
    );
  noteSecret(decodeURIComponent(url.password));
  const user = url.username === "" ? "" : `${decodeURIComponent(url.username)}@`;
  return { url: url.href, shown: `${url.protocol}//${user}${url.host}${url.pathname}` };
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
