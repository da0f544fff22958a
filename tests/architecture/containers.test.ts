/** What can be said of the container files without running them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repository } from "./read-sources.ts";

const read = (file: string): string => readFileSync(join(repository, file), "utf8");
const valuesOf = (text: string, key: string): string[] =>
  [...text.matchAll(new RegExp(String.raw`^\s+${key}: (.+)$`, "gm"))].map(([, value = ""]) => value);

describe("docker-compose.yml", () => {
  const compose = read("docker-compose.yml");

  it("builds the image in one service, and pulls it in none", () => {
    expect(valuesOf(compose, "build")).toEqual(["."]);
    expect(valuesOf(compose, "pull_policy")).toEqual(["never"]);
    expect(compose).toMatch(/^x-omniforge: &omniforge\n {2}image: omniforge\n/m);
  });

  it("pins every image of others, and opens ports to this machine only", () => {
    const others = valuesOf(compose, "image").filter((image) => image !== "omniforge");
    expect(others).toHaveLength(4);
    for (const image of others) expect(image).toMatch(/^[a-z/-]+:\d[\w.-]*$/);
    const ports = valuesOf(compose, "ports");
    expect(ports).toHaveLength(2);
    for (const port of ports) expect(port).toMatch(/^\["127\.0\.0\.1:\d+:\d+"\]$/);
  });
});

describe("Dockerfile", () => {
  const last =
    read("Dockerfile")
      .split(/^FROM /m)
      .at(-1) ?? "";

  it("installs nothing but what the lock file pins, and brings the system's authorities", () => {
    expect(read("Dockerfile")).not.toMatch(/npm (?:install|i|add) /);
    expect(last).toContain("ca-certificates");
  });
});
