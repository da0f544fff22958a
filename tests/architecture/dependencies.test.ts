import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type LockFile, closure, versionsOf, withInstallScript } from "./lock-file.ts";
import { type Source, importsOf, isTest, packageOf, readSources, repository } from "./read-sources.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(repository, path), "utf8"));
const manifest = (folder: string): Manifest => readJson(`${folder}/package.json`) as Manifest;
const lock = readJson("package-lock.json") as LockFile;
const folders = ["packages/omniforge", "packages/temporal"];

const bad: LockFile = {
  packages: {
    app: { dependencies: { outer: "1" } },
    "node_modules/outer": { version: "1.0.0", dependencies: { inner: "2" } },
    "node_modules/inner": { version: "1.0.0" },
    "node_modules/outer/node_modules/inner": { version: "2.0.0", hasInstallScript: true },
    "node_modules/@scope/a": { version: "1.0.0" },
    "node_modules/outer/node_modules/@scope/b": { version: "1.0.1" },
  },
};

describe("the omniforge package", () => {
  it("brings no install script along", () => {
    expect(withInstallScript(lock, "packages/omniforge")).toEqual([]);
    expect(closure(lock, "packages/omniforge")).toContain("node_modules/json-schema");
  });

  it("would be caught with an install script below another package", () => {
    expect(withInstallScript(bad, "app")).toEqual(["node_modules/outer/node_modules/inner"]);
    expect(withInstallScript(lock, "packages/temporal")).not.toEqual([]);
  });
});

describe("the packages of Temporal", () => {
  it("are installed in one version", () => {
    expect(versionsOf(lock, "@temporalio")).toHaveLength(1);
    expect(versionsOf(bad, "@scope")).toEqual(["1.0.0", "1.0.1"]);
  });

  it("are asked for in exactly that version", () => {
    const asked = Object.entries(manifest("packages/temporal").dependencies ?? {}).filter(([name]) =>
      name.startsWith("@temporalio/"),
    );
    expect(new Set(asked.map(([, range]) => range))).toEqual(new Set(versionsOf(lock, "@temporalio")));
  });
});

describe("the published packages", () => {
  it("share one version", () => {
    const [core, temporal] = folders.map(manifest);
    expect(temporal?.version).toBe(core?.version);
    expect(temporal?.peerDependencies?.["omniforge"]).toBe(core?.version);
  });

  it.each(folders)("declare every package that %s imports", (folder) => {
    expect(
      undeclared(
        manifest(folder),
        readSources().filter((source) => source.path.startsWith(`${folder}/src/`)),
      ),
    ).toEqual([]);
  });

  it("are caught importing what only another package brought along", () => {
    const source = {
      path: "packages/x/src/a.ts",
      text: `import { a } from "a/deep";\nimport b from "@b/c/d";\nimport "./e.ts";`,
    };
    expect(undeclared({ name: "x", version: "1.0.0", dependencies: { a: "1" } }, [source])).toEqual([
      "packages/x/src/a.ts: @b/c",
    ]);
  });
});

/** Imports of packages that the manifest does not name. A package may import itself, by its entry points. */
function undeclared(owner: Manifest, sources: readonly Source[]): string[] {
  const declared = new Set([
    owner.name,
    ...Object.keys(owner.dependencies ?? {}),
    ...Object.keys(owner.peerDependencies ?? {}),
    ...builtinModules,
  ]);
  return sources
    .filter((source) => !isTest(source.path))
    .flatMap((source) =>
      importsOf(source.text)
        .map((each) => packageOf(each.from))
        .filter((name) => name !== undefined && !declared.has(name))
        .map((name) => `${source.path}: ${name}`),
    );
}
