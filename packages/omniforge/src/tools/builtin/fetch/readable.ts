/** What came from the web, as text that a model can read; what isn't text is refused in words. */
import { OmniForgeError } from "../../../protocol/error.ts";
import { repairText } from "../../../protocol/json.ts";
import { isBinary } from "../file-text.ts";
import type { Got } from "./get.ts";
import { htmlToText } from "./html-to-text.ts";

const textual =
  /^(?:text\/|application\/(?:[\w.+-]*[+/])?(?:json|xml|javascript|ecmascript|x-ndjson|yaml|x-yaml|toml|x-sh|graphql|sql|x-www-form-urlencoded)(?:$|-))/;

/** Throws TOOL_FAILED for anything that isn't text. */
export function readable({ url, contentType, bytes, cut }: Got): {
  readonly kind: string;
  readonly text: string;
} {
  const [written = "", ...rest] = contentType.split(";");
  const kind = written.trim().toLowerCase();
  // A server that says nothing is believed by what its answer looks like.
  const guessed = kind === "" || kind === "application/octet-stream";
  const wide = /^\s*charset\s*=\s*"?utf-16/i.test(rest.join(";"));
  if ((!guessed && !textual.test(kind)) || (isBinary(bytes) && !wide))
    throw new OmniForgeError(
      "TOOL_FAILED",
      `${url.href} is ${kind === "" ? "binary" : kind} (${bytes.length}${cut ? " or more" : ""} bytes), which can't be shown as text`,
    );
  const text = repairText(decode(bytes, rest.join(";")));
  if (
    kind.endsWith("html") ||
    kind === "application/xhtml+xml" ||
    (guessed && /^\s*<(?:!doctype html|html)/i.test(text))
  )
    return { kind: kind || "text/html", text: htmlToText(text, url) };
  if (/[/+]json$/.test(kind)) return { kind, text: pretty(text) };
  return { kind: kind || "text/plain", text };
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}

/** By the charset that the server names, else the one that the page names, else UTF-8. */
function decode(bytes: Uint8Array, parameters: string): string {
  const named = /charset\s*=\s*["']?([\w.:-]+)/i;
  const beginning = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  const label =
    named.exec(parameters)?.[1] ?? (/<meta\b/i.test(beginning) ? named.exec(beginning)?.[1] : undefined);
  try {
    return new TextDecoder(label ?? "utf-8").decode(bytes);
  } catch {
    // A charset that nobody knows.
    return new TextDecoder().decode(bytes);
  }
}
