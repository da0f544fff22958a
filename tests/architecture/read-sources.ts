/** Reads the repository's own sources, and what they import. No parser: our formatter puts every import on a line start. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

const roots = ["packages", "tests", "bench", "examples", "scripts"];
const skipped = new Set(["node_modules", "dist", "golden"]);

export function readSources(): Source[] {
  return roots.flatMap((root) => walk(join(repository, root)));
}

function walk(folder: string): Source[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : walk(path);
    if (!/\.(ts|tsx|cjs|mjs|js)$/.test(entry.name)) return [];
    return [{ path: relative(repository, path).split(sep).join("/"), text: readFileSync(path, "utf8") }];
  });
}

const statement = /^[ \t]*(?:import|export)\s+(type\s+)?[\w*$\s{},]+?\s*from\s*["']([^"']+)["']/gm;
const sideEffect = /^[ \t]*import\s*["']([^"']+)["']/gm;
const expression = /\bimport\(\s*["']([^"']+)["']/g;

/** `import { type A }` counts as a run-time import: it stays in the emitted file. */
export function importsOf(text: string): Import[] {
  return [
    ...[...text.matchAll(statement)].map((match) => ({
      from: match[2] ?? "",
      typeOnly: match[1] !== undefined,
    })),
    ...[...text.matchAll(sideEffect)].map((match) => ({ from: match[1] ?? "", typeOnly: false })),
    ...[...text.matchAll(expression)].map((match) => ({ from: match[1] ?? "", typeOnly: false })),
  ];
}

export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.startsWith("tests/");
}

/** The name of the package that a bare specifier leads to, or undefined for a relative one. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) return undefined;
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}
