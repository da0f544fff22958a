/**
 * What a URL that a model writes may look like, before anything is resolved or connected to.
 *
 * Owns: the accepted form. Nothing here decides by the name of a host where it leads: that is looked at once it has been
 * resolved (`connection.ts`). Parsing is the platform's WHATWG parser, and what it made of the URL is what is used.
 */
import { OmniForgeError } from "../../../protocol/error.ts";
import { repairText } from "../../../protocol/json.ts";

const longest = 4096;

/** The URL, without its fragment. Throws URL_REFUSED. */
export function parseWebUrl(written: string, base?: URL): URL {
  if (written.length > longest) throw refuse(`a URL of ${written.length} characters is too long`);
  // The parser would drop tabs and line ends, and trim spaces: what is fetched must be what was shown.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x20\x7f]/.test(written) || repairText(written) !== written)
    throw refuse(`${shown(written)} contains characters that no URL has`);
  if (written.includes("\\")) throw refuse(`${shown(written)} contains a backslash`);
  const url = URL.parse(written, base?.href);
  if (url === null) throw refuse(`${shown(written)} is not a URL`);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw refuse(`${shown(written)} is neither http nor https`);
  // `https:example.com` and `https:/x` mean something only beside a base, and read like something else.
  if (base === undefined && !/^https?:\/\/[^/]/i.test(written))
    throw refuse(`${shown(written)} names no host`);
  if (url.username !== "" || url.password !== "" || hasUserinfo(written))
    throw refuse(`${shown(written)} carries a user name, which makes it look like another host's`);
  url.hash = "";
  return url;
}

/** An empty user name (`http://@host`) vanishes in parsing. */
function hasUserinfo(written: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/i.test(written);
}

/** The host as an address or a name, without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

export function portOf({ port, protocol }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

export function refuse(why: string): OmniForgeError {
  return new OmniForgeError("URL_REFUSED", why);
}

/** A hostile URL made safe to show: short, and on one line. */
function shown(url: string): string {
  return JSON.stringify(url.length > 120 ? `${url.slice(0, 120)}…` : url);
}
