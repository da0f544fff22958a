import { describe, expect, test } from "vitest";
import { createRoom } from "./room.ts";

const { signal } = new AbortController();
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** A step that ends when it is told to. */
function step(): {
  readonly perform: () => Promise<string>;
  readonly end: () => void;
  readonly started: () => boolean;
} {
  let started = false;
  let end = (): void => undefined;
  const ended = new Promise<string>((resolve) => {
    end = () => resolve("ended");
  });
  return {
    perform: () => {
      started = true;
      return ended;
    },
    end: () => end(),
    started: () => started,
  };
}

describe("the room where steps run", () => {
  test("lets a suspect in when it is empty, and nobody in beside it", async () => {
    const room = createRoom();
    const [first, suspect, third] = [step(), step(), step()];
    const runs = [
      room.run(false, signal, first.perform),
      room.run(true, signal, suspect.perform),
      room.run(false, signal, third.perform),
    ];
    await turn();
    expect([first, suspect, third].map((one) => one.started())).toEqual([true, false, false]);
    first.end();
    await turn();
    expect([suspect, third].map((one) => one.started())).toEqual([true, false]);
    suspect.end();
    await turn();
    expect(third.started()).toBe(true);
    third.end();
    expect(await Promise.all(runs)).toEqual(["ended", "ended", "ended"]);
  });

  test("lets whoever is aborted leave, and those behind it in", async () => {
    const room = createRoom();
    const [first, suspect, third] = [step(), step(), step()];
    const leaving = new AbortController();
    const running = room.run(false, signal, first.perform);
    const left = room.run(true, leaving.signal, suspect.perform);
    const behind = room.run(false, signal, third.perform);
    leaving.abort();
    expect(await left).toBeUndefined();
    await turn();
    expect(third.started()).toBe(true);
    first.end();
    third.end();
    expect(await Promise.all([running, behind])).toEqual(["ended", "ended"]);
    expect(suspect.started()).toBe(false);
  });

  test("lets in as many as it has places for, and nobody who was aborted before", async () => {
    const room = createRoom(1);
    const [first, second, third] = [step(), step(), step()];
    const gone = new AbortController();
    gone.abort();
    const runs = [
      room.run(false, signal, first.perform),
      room.run(false, signal, second.perform),
      room.run(false, gone.signal, third.perform),
    ];
    expect(await runs[2]).toBeUndefined();
    expect([first, second].map((one) => one.started())).toEqual([true, false]);
    first.end();
    await turn();
    expect(second.started()).toBe(true);
    second.end();
    await Promise.all(runs);
    expect(third.started()).toBe(false);
  });

  test("goes on after a step that failed", async () => {
    const room = createRoom();
    await expect(room.run(true, signal, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await room.run(false, signal, () => Promise.resolve("yes"))).toBe("yes");
  });

  test("lets tenants take turns, however many wait of one of them", async () => {
    const room = createRoom(1);
    const order: string[] = [];
    const enter = (tenant: string, name: string): Promise<unknown> =>
      room.run(false, signal, () => Promise.resolve(order.push(`${tenant}${name}`)), tenant);
    const many = ["1", "2", "3", "4", "5", "6"].map((name) => enter("a", name));
    await Promise.all([...many, enter("b", "1"), enter("b", "2"), enter("c", "1")]);
    expect(order).toEqual(["a1", "a2", "b1", "c1", "a3", "b2", "a4", "a5", "a6"]);
  });

  test("lets a suspect in when its tenant's turn has come, and nobody before it is done", async () => {
    const room = createRoom(2);
    const [first, suspect, third] = [step(), step(), step()];
    const runs = [
      room.run(false, signal, first.perform, "a"),
      room.run(true, signal, suspect.perform, "b"),
      room.run(false, signal, third.perform, "a"),
    ];
    await turn();
    expect([first, suspect, third].map((one) => one.started())).toEqual([true, false, false]);
    first.end();
    await turn();
    expect([suspect, third].map((one) => one.started())).toEqual([true, false]);
    suspect.end();
    third.end();
    await Promise.all(runs);
  });
});
