/**
 * A page as text that a model can read: headings, lists, tables, links and preformatted text stay recognisable.
 *
 * Owns: a scanner that goes over the page once, whatever it looks like, in linear time; a broken page gives less
 * readable text, never a failure. Does not own: what a browser would hide by style sheets or scripts, which is shown.
 */
import { decodeAttribute, decodeEntities } from "./entities.ts";

const skipped = new Set([
  "script",
  "style",
  "template",
  "noscript",
  "svg",
  "iframe",
  "object",
  "textarea",
  "select",
  "math",
]);
const blocks = new Set(
  "title p div section article header footer main aside nav ul ol dl dt dd table tr form fieldset figure figcaption blockquote pre hr address details summary h1 h2 h3 h4 h5 h6 li br".split(
    " ",
  ),
);
const spacious = new Set("title p blockquote pre table ul ol h1 h2 h3 h4 h5 h6 hr".split(" "));

interface Tag {
  readonly name: string;
  readonly closing: boolean;
  readonly attributes: string;
  /** Where the text goes on. */
  readonly end: number;
}

/** The page's text. `base` makes its links absolute. */
export function htmlToText(html: string, base: URL): string {
  const page = new Page(base);
  const markup = /<(?=[a-z/!?])/gi;
  let at = 0;
  for (let open = markup.exec(html); open !== null; open = markup.exec(html)) {
    page.text(html.slice(at, open.index));
    at = afterMarkup(html, open.index, page);
    markup.lastIndex = at;
  }
  page.text(html.slice(at));
  return page.finish();
}

/** Goes over one piece of markup; the rest of the page, where it has no end. */
function afterMarkup(html: string, open: number, page: Page): number {
  const after = (found: number, length: number): number => (found === -1 ? html.length : found + length);
  if (html.startsWith("<!--", open)) return after(html.indexOf("-->", open + 4), 3);
  if (html[open + 1] === "!" || html[open + 1] === "?") return after(html.indexOf(">", open), 1);
  const tag = readTag(html, open);
  if (tag === undefined) {
    page.text("<");
    return open + 1;
  }
  if (!tag.closing && skipped.has(tag.name)) {
    const close = new RegExp(`</${tag.name}`, "gi");
    close.lastIndex = tag.end;
    const found = close.exec(html);
    return found === null ? html.length : after(html.indexOf(">", found.index), 1);
  }
  page.tag(tag);
  return tag.end;
}

/** Sticky: matches where it is told to look, or nowhere. */
const start = /<(\/?)([a-z][a-z\d-]{0,30})/iy;

function readTag(html: string, open: number): Tag | undefined {
  start.lastIndex = open;
  const found = start.exec(html);
  if (found === null) return undefined;
  const begin = start.lastIndex;
  let quote = "";
  let end = begin;
  for (; end < html.length; end++) {
    const character = html.charAt(end);
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === ">") break;
    else if ((character === '"' || character === "'") && html[end - 1] === "=") quote = character;
  }
  return {
    name: (found[2] ?? "").toLowerCase(),
    closing: found[1] === "/",
    attributes: html.slice(begin, end),
    end: end + 1,
  };
}

function attribute(attributes: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(attributes);
  const value = found?.[1] ?? found?.[2] ?? found?.[3];
  return value === undefined ? undefined : decodeAttribute(value).trim();
}

class Page {
  readonly #base: URL;
  readonly #pieces: string[] = [];
  /** Line ends that the next text needs before it. */
  #gap = 0;
  #space = false;
  #preformatted = 0;
  #mark = "";
  #link: string | undefined;

  constructor(base: URL) {
    this.#base = base;
  }

  text(written: string): void {
    if (written === "") return;
    const text = decodeEntities(written);
    if (this.#preformatted > 0) return this.#put(text);
    const squeezed = text.replaceAll(/\s+/g, " ");
    const words = squeezed.trim();
    if (squeezed.startsWith(" ")) this.#space = true;
    if (words === "") return;
    this.#put(words);
    this.#space = squeezed.endsWith(" ");
  }

  tag({ name, closing, attributes }: Tag): void {
    if (blocks.has(name)) this.#break(spacious.has(name) ? 2 : 1);
    if (name === "pre") this.#preformatted = Math.max(0, this.#preformatted + (closing ? -1 : 1));
    if (name === "a") this.#anchor(closing, attributes);
    if (closing) {
      if (name === "td" || name === "th") this.#put(" |");
      if (/^h[1-6]$|^li$/.test(name)) this.#mark = "";
      return;
    }
    if (/^h[1-6]$/.test(name)) this.#mark = `${"#".repeat(Number(name[1]))} `;
    if (name === "li") this.#mark = "- ";
    if (name === "td" || name === "th") this.#space = true;
    if (name === "hr") this.#put("---");
    const alt = name === "img" ? attribute(attributes, "alt") : undefined;
    if (alt !== undefined && alt !== "") this.text(` [${alt}] `);
  }

  finish(): string {
    const lines = this.#pieces.join("").split("\n");
    return lines
      .map((line) => line.trimEnd())
      .join("\n")
      .trim();
  }

  /** A link's target follows its text, where it is a page elsewhere. */
  #anchor(closing: boolean, attributes: string): void {
    if (this.#link !== undefined) this.#put(` (${this.#link})`);
    this.#link = undefined;
    if (closing) return;
    const href = attribute(attributes, "href");
    if (href === undefined || href.startsWith("#")) return;
    const url = URL.parse(href, this.#base.href);
    if (url?.protocol === "http:" || url?.protocol === "https:") this.#link = url.href;
  }

  #break(lines: number): void {
    this.#gap = Math.max(this.#gap, lines);
    this.#space = false;
  }

  #put(text: string): void {
    if (this.#gap > 0 && this.#pieces.length > 0) this.#pieces.push("\n".repeat(this.#gap));
    else if (this.#space && this.#pieces.length > 0) this.#pieces.push(" ");
    this.#pieces.push(this.#mark, text);
    this.#gap = 0;
    this.#space = false;
    this.#mark = "";
  }
}
