/** The OpenAPI document: it is of all routes, others can compile it, and the page shows it without help from elsewhere. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MissingKind } from "../../packages/omniforge/src/server/shapes.ts";
import { serverRoutes } from "../../packages/omniforge/src/server/app.ts";
import { readDocument } from "./document.ts";
import { openStage, type Stage } from "./stage.ts";

let stage: Stage;
let text: string;

beforeAll(async () => {
  stage = await openStage();
  ({ text } = await stage.ask("/openapi.json"));
});

afterAll(() => stage[Symbol.asyncDispose]());

const here = fileURLToPath(new URL("../openapi-compiler/", import.meta.url));

describe("the document", () => {
  it("has every route once, with names of its own", () => {
    const { operations } = readDocument(JSON.parse(text));
    const named = operations.map(({ method, path }) => `${method} ${path}`);
    expect(named.toSorted()).toEqual(serverRoutes.map(({ method, path }) => `${method} ${path}`).toSorted());
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it("names only components that it has", () => {
    const { schemas } = readDocument(JSON.parse(text));
    const used = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? "");
    expect(used.length).toBeGreaterThan(50);
    for (const name of used) expect(schemas).toHaveProperty(name);
  });

  it("has every kind of entry", () => {
    const none: MissingKind[] = [];
    expect(none).toEqual([]);
    const { schemas } = readDocument(JSON.parse(text));
    expect(schemas["Entry"]?.["oneOf"]).toHaveLength(16);
  });

  it("is compiled by openapi-typescript into types that TypeScript takes", async () => {
    const made = join(here, `made-${process.pid}.ts`);
    const document = join(here, `made-${process.pid}.json`);
    const { writeFileSync } = await import("node:fs");
    writeFileSync(document, text);
    try {
      const bin = (name: string): string => join(here, "node_modules/.bin", name);
      execFileSync(bin("openapi-typescript"), [document, "-o", made], { stdio: "pipe" });
      const types = readFileSync(made, "utf8");
      expect(types).toContain("submitTask");
      expect(types).toContain("InputRequest");
      execFileSync(bin("tsc"), ["--noEmit", "--strict", "--skipLibCheck", made], { stdio: "pipe" });
    } finally {
      for (const file of [made, document]) rmSync(file, { force: true });
    }
  });
});

describe("the page", () => {
  it("loads nothing from elsewhere, and may run nothing but its own script", async () => {
    const page = await stage.ask("/docs");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, at]) => at ?? "");
    expect(parts.filter((at) => !at.startsWith("/"))).toEqual([]);
    for (const at of parts) {
      const { status, text: part } = await stage.ask(at);
      expect(status).toBe(200);
      // The document is data, and may name addresses.
      expect(at.endsWith(".json") ? "" : part).not.toMatch(/https?:|innerHTML|eval\(/);
    }
  });
});
