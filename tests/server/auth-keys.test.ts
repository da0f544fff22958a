import { memoryKeys, type KeyStore } from "omniforge/store";
import { describe, expect, it } from "vitest";
import { drawKey, isSameHash, readKey } from "../../packages/omniforge/src/server/auth/api-key.ts";
import { networkOf } from "../../packages/omniforge/src/server/auth/address.ts";
import { createAuthenticate } from "../../packages/omniforge/src/server/auth/authenticate.ts";
import { createKeyWatch } from "../../packages/omniforge/src/server/auth/key-watch.ts";

const about = { name: "n", tenant: "acme", role: "operator", createdAt: 0 } as const;
const here = "127.0.0.1";

async function withKey(options: Parameters<typeof createAuthenticate>[1] = {}) {
  const keys = memoryKeys();
  const drawn = drawKey(about);
  await keys.add(drawn.stored);
  return {
    keys,
    id: drawn.stored.id,
    header: `Bearer ${drawn.text}`,
    let: createAuthenticate(keys, options),
  };
}

describe("an API key", () => {
  it("holds 256 random bits behind a prefix and a public id, and only their hash is kept", () => {
    const [one, other] = [drawKey(about), drawKey(about)];
    expect(one.text).toMatch(/^ofk_[0-9a-f]{16}_[0-9a-f]{64}$/);
    expect(one.text).not.toBe(other.text);
    const secret = one.text.split("_")[2] ?? "";
    expect(JSON.stringify(one.stored)).not.toContain(secret);
    expect(readKey(one.text)).toEqual({ id: one.stored.id, hash: one.stored.hash });
  });

  it.each([
    "",
    "ofk_",
    "ofk__",
    "sk-1234",
    `ofk_${"a".repeat(16)}_${"b".repeat(63)}`,
    `ofk_${"A".repeat(16)}_${"b".repeat(64)}`,
  ])("is nothing else: %j", (text) => {
    expect(readKey(text)).toBeUndefined();
  });

  it("is compared whole: hashes of another length are another key's", () => {
    expect(isSameHash("sha256-aa", "sha256-aa")).toBe(true);
    expect(isSameHash("sha256-aa", "sha256-ab")).toBe(false);
    expect(isSameHash("sha256-aa", "sha256-a")).toBe(false);
  });
});

describe("who calls", () => {
  it("is admin of the default tenant at this machine, while there has never been a key", async () => {
    const authenticate = createAuthenticate(memoryKeys());
    expect(await authenticate(undefined, here)).toEqual({ tenant: "default", role: "admin" });
    expect(await authenticate(undefined, "::1")).toEqual({ tenant: "default", role: "admin" });
    expect(await authenticate(undefined, undefined)).toEqual({ tenant: "default", role: "admin" });
  });

  it("is nobody from elsewhere without a key, whether or not there are keys", async () => {
    await expect(createAuthenticate(memoryKeys())(undefined, "192.0.2.1")).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
  });

  it("is nobody with a key that a server without keys can't know: it would be somebody else than they think", async () => {
    const { text } = drawKey(about);
    await expect(createAuthenticate(memoryKeys())(`Bearer ${text}`, here)).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
  });

  it("needs a key from the first one on, and still once it is revoked", async () => {
    const keys = memoryKeys();
    const authenticate = createAuthenticate(keys);
    await authenticate(undefined, here);
    const { stored } = drawKey(about);
    await keys.add(stored);
    await expect(authenticate(undefined, here)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await keys.revoke(stored.id, 1);
    await expect(authenticate(undefined, here)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(createAuthenticate(keys)(undefined, here)).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
  });

  it("is told by the key alone: its tenant, its role, its id", async () => {
    const { id, header, let: authenticate } = await withKey();
    expect(await authenticate(header, "192.0.2.1")).toEqual({ tenant: "acme", role: "operator", key: id });
    expect(await authenticate(header.replace("Bearer ", "bearer  "), here)).toMatchObject({ key: id });
  });

  it("learns nothing of why a key is not valid: unknown, wrong, revoked and expired are refused alike", async () => {
    const { keys, id, header, let: authenticate } = await withKey({ now: () => 1_000 });
    const expired = drawKey({ ...about, expiresAt: 1_000 });
    await keys.add(expired.stored);
    const last = header.endsWith("0") ? "1" : "0";
    await authenticate(header, here);
    await keys.revoke(id, 900);
    const presented = [
      header,
      header.slice(0, -1) + last,
      `Bearer ${drawKey(about).text}`,
      `Bearer ${expired.text}`,
    ];
    const refusals = await Promise.all(
      presented.map((one) => authenticate(one, here).catch((thrown: unknown) => String(thrown))),
    );
    expect(new Set(refusals).size).toBe(1);
    expect(refusals[0]).toContain("the key is not valid");
  });

  it.each(["Basic dTpw", "Bearer", "Bearer ", "ofk_a_b", "Bearer a b", "Bearer ofk_x"])(
    "is nobody with %j",
    async (header) => {
      const { let: authenticate } = await withKey();
      await expect(authenticate(header, here)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    },
  );

  it("is noted to the minute, however often the key is used", async () => {
    let now = 1_000_000;
    const { keys, id, header, let: authenticate } = await withKey({ now: () => now });
    const noted: number[] = [];
    const used = keys.used.bind(keys);
    Object.assign(keys, { used: (key: string, at: number) => (noted.push(at), used(key, at)) });
    for (const step of [0, 30_000, 29_999, 1]) {
      now += step;
      await authenticate(header, here);
    }
    expect(noted).toEqual([1_000_000, 1_060_000]);
    expect(await keys.find(id)).toMatchObject({ usedAt: 1_060_000 });
  });
});

describe("an address that fails too often", () => {
  const failures = { quota: 3, windowSeconds: 60 };

  it("is told to wait, and its keys are not even looked up", async () => {
    let now = 0;
    const { keys, let: authenticate } = await withKey({ failures, now: () => now });
    let lookups = 0;
    const find = keys.find.bind(keys);
    Object.assign(keys, { find: (id: string) => (lookups++, find(id)) } satisfies Partial<KeyStore>);
    const guess = (from: string) => authenticate(`Bearer ${drawKey(about).text}`, from);
    for (let tries = 0; tries < 3; tries++)
      await expect(guess("192.0.2.1")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(guess("192.0.2.1")).rejects.toMatchObject({
      code: "RATE_LIMITED",
      details: { retryAfterSeconds: 20 },
    });
    await expect(authenticate(undefined, "192.0.2.1")).rejects.toMatchObject({ code: "RATE_LIMITED" });
    expect(lookups).toBe(3);
    await expect(guess("192.0.2.2")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    now = 20_000;
    await expect(guess("192.0.2.1")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("may go on with a key that was valid before: others behind the same proxy are not locked out", async () => {
    const { keys, id, header, let: authenticate } = await withKey({ failures, now: () => 0 });
    const unused = drawKey(about);
    await keys.add(unused.stored);
    await authenticate(header, here);
    for (let tries = 0; tries < 3; tries++) await authenticate("Bearer x", here).catch(() => undefined);
    expect(await authenticate(header, here)).toMatchObject({ key: id });
    await expect(authenticate(`Bearer ${unused.text}`, here)).rejects.toMatchObject({ code: "RATE_LIMITED" });
    await keys.revoke(id, 0);
    await expect(authenticate(header, here)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["::1", "0:0:0:0"],
    ["", ""],
  ])("%s is counted as %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe("a stream's key", () => {
  it("ends its streams once it is revoked, and others' streams go on", async () => {
    const { keys, id } = await withKey();
    const other = drawKey(about).stored;
    await keys.add(other);
    const watch = createKeyWatch(keys, Date.now, 1);
    let others = 0;
    watch.watch(other.id, () => others++);
    const ended = new Promise<void>((resolve) => void watch.watch(id, resolve));
    await keys.revoke(id, 1);
    await ended;
    expect(others).toBe(0);
  });

  it("ends its streams once it has expired", async () => {
    const keys = memoryKeys();
    const { stored } = drawKey({ ...about, expiresAt: 10 });
    await keys.add(stored);
    let now = 0;
    const watch = createKeyWatch(keys, () => now, 1);
    let soon = true;
    const ended = new Promise<boolean>((resolve) => void watch.watch(stored.id, () => resolve(soon)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    soon = false;
    now = 10;
    expect(await ended).toBe(false);
  });

  it("is watched on after the store could not be read", async () => {
    const { keys, id } = await withKey();
    let broken = true;
    const find = keys.find.bind(keys);
    Object.assign(keys, {
      find: (key: string) => {
        if (!broken) return find(key);
        broken = false;
        return Promise.reject(new Error("busy"));
      },
    });
    await keys.revoke(id, 1);
    await new Promise<void>((resolve) => void createKeyWatch(keys, Date.now, 1).watch(id, resolve));
    expect(broken).toBe(false);
  });

  it("is not looked up once nobody streams", async () => {
    const { keys, id } = await withKey();
    const watch = createKeyWatch(keys, Date.now, 1);
    const stop = watch.watch(id, () => expect.unreachable());
    stop();
    await keys.revoke(id, 1);
    const ended = await new Promise((resolve) => void watch.watch(id, () => resolve("ended")));
    expect(ended).toBe("ended");
  });
});
