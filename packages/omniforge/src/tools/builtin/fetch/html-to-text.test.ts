import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { htmlToText } from "./html-to-text.ts";

const text = (html: string): string => htmlToText(html, new URL("https://a.test/dir/page"));

describe("a page as text", () => {
  it("keeps headings, lists, tables, links and preformatted text", () => {
    expect(
      text(`<!doctype html><html><head><title>The
        title</title><style>p{}</style><script>if (a<b) "</p>"</script></head><body>
        <h2>Part &amp; <em>parcel</em></h2><p>See <a href="../x?a=1&amp;b=2">this</a>, or <a href="#y">that</a>.</p>
        <ul><li>one<li><b>two</b></ul><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>
        <pre>  x
    y</pre>a<br>b<img alt="a cat" src=x><hr><!-- <p>gone --></body></html>`),
    ).toBe(
      `The title\n\n## Part & parcel\n\nSee this (https://a.test/x?a=1&b=2), or that.\n\n- one\n- two\n\na | b |\nc |\n\n  x\n    y\n\na\nb [a cat]\n\n---`,
    );
  });

  it("decodes references, and leaves unknown ones", () => {
    expect(text("&lt;b&gt; &#228;&#xe4;&auml; &hellip; &unknown; &#0; &#xd800; AT&T")).toBe(
      "<b> äää … &unknown; \uFFFD \uFFFD AT&T",
    );
  });

  it("keeps the names in a link's query that look like references, as browsers do", () => {
    expect(text(`<a href="/x?a=1&copy=2&sect=3&amp;reg=&lt;4">a</a>`)).toBe(
      "a (https://a.test/x?a=1&copy=2&sect=3&reg=%3C4)",
    );
  });

  it("shows no script link", () => {
    expect(text(`<a href="javascript:alert(1)">a</a> <a href='data:x'>b</a>`)).toBe("a b");
  });

  it("survives any input", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "</",
      "<!--",
      "-->",
      "<script>",
      "</script",
      '"',
      "'",
      "=",
      "<a href=",
      "<pre>",
      "</pre>",
      "&#",
      ";",
      "x",
      " ",
      "\n",
      "<li>",
      "<td>",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        expect(typeof text(pieces.join(""))).toBe("string");
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ["tags without an end", '<a "'],
    ["comments without an end", "<!-"],
    ["scripts without an end", "<script "],
    ["angle brackets", "<"],
    ["links", "<a href='"],
    ["nested elements", "<div>"],
    ["spaces", " "],
    ["ampersands", "&#"],
  ])("takes linear time for a megabyte of %s", (_, piece) => {
    const html = `<pre>${piece.repeat(1_000_000 / piece.length)}x`;
    const started = performance.now();
    text(html);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
