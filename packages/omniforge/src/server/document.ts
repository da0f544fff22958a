/** The document of the API, and a page that shows it: both are this server's own, nothing is loaded from elsewhere. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { openApi } from "./openapi.ts";
import { route, type Route } from "./route.ts";

const version = "0.1.0";

/** A page may run what stands in it, and nothing else. */
const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

const files = {
  "/docs": ["page/docs.html", pageHeaders["content-type"]],
  "/docs/docs.css": ["page/docs.css", "text/css; charset=utf-8"],
  "/docs/docs.js": ["page/docs.js", "text/javascript; charset=utf-8"],
} as const;

/** Routes that show these routes. Anybody may read them: they say nothing of anybody's tasks. */
export function documentRoutes(documented: readonly Route[]): readonly Route[] {
  let text: string | undefined;
  const facts = { method: "get", tag: "operation", role: "anyone" } as const;
  return [
    route(
      {
        ...facts,
        path: "/openapi.json",
        operation: "getDocument",
        summary: "This document.",
        answers: { 200: { description: "OpenAPI 3.1.", content: { "application/json": z.unknown() } } },
      },
      () => {
        text ??= JSON.stringify(openApi(documented, version));
        return new Response(text, { headers: { "content-type": "application/json" } });
      },
    ),
    ...Object.entries(files).map(([path, [file, type]]) =>
      route(
        {
          ...facts,
          path,
          operation: `get ${path}`,
          summary: "The page that shows this document.",
          answers: { 200: { description: "The page." } },
        },
        () =>
          new Response(readFileSync(new URL(file, import.meta.url)), {
            headers: { ...pageHeaders, "content-type": type },
          }),
      ),
    ),
  ];
}
