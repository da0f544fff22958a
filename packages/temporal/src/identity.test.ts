import { describe, expect, it } from "vitest";
import { identityOf } from "./identity.ts";

describe("a worker's identity", () => {
  it("tells containers apart whose only process is 1", () => {
    expect(identityOf("9c1f3a5be2d7", 1)).toBe("of-5be2d7-1");
    expect(identityOf("agents-6c8b9d7f5-x2x4z", 1)).toBe("of-x2x4z-1");
  });

  it("goes by the host's own name, not by the domain that all of them share", () => {
    const [one, other] = ["ip-10-0-1-23", "ip-10-0-1-24"].map((host) => identityOf(`${host}.example.net`, 7));
    expect([one, other]).toEqual(["of-0-1-23-7", "of-0-1-24-7"]);
  });

  it("tells the processes of this host apart, and is short", () => {
    expect(identityOf(undefined, 11)).not.toBe(identityOf(undefined, 12));
    expect(identityOf().length).toBeLessThanOrEqual("of-abcdef-".length + String(process.pid).length);
  });
});
