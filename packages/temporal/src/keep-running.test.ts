import { describe, expect, test } from "vitest";
import { keepRunning, type Runs } from "./keep-running.ts";

/** A worker that runs until it is shut down or made to fail. */
function fakeWorker(): Runs & { readonly fail: (error: Error) => void } {
  let resolve = (): void => undefined;
  let fail = (_error: Error): void => undefined;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    fail = failed;
  });
  let state = "INITIALIZED";
  return {
    run: () => {
      state = "RUNNING";
      return promise;
    },
    shutdown: () => {
      state = "STOPPED";
      resolve();
    },
    getState: () => state,
    fail: (error) => fail(error),
  };
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("a worker", () => {
  test("is replaced when it fails, also when its replacement can't be made at first", async () => {
    const first = fakeWorker();
    const second = fakeWorker();
    const errors: unknown[] = [];
    let attempts = 0;
    const make = (): Promise<Runs> =>
      ++attempts === 1 ? Promise.reject(new Error("no server")) : Promise.resolve(second);
    const close = keepRunning(first, make, (error) => void errors.push(error), 1);
    first.fail(new Error("out of memory"));
    await soon();
    expect(errors.map(String)).toEqual(["Error: out of memory", "Error: no server"]);
    expect(second.getState()).toBe("RUNNING");
    await close();
    expect(second.getState()).toBe("STOPPED");
    expect(attempts).toBe(2);
  });

  test("is not replaced once it was told to stop, not even while a replacement is due", async () => {
    const first = fakeWorker();
    let made = 0;
    const make = (): Promise<Runs> => {
      made++;
      return Promise.resolve(fakeWorker());
    };
    const close = keepRunning(first, make, () => undefined, 60_000);
    first.fail(new Error("gone"));
    await soon();
    await close();
    expect(made).toBe(0);
  });

  test("that was being made when it was told to stop stops at once", async () => {
    const first = fakeWorker();
    const second = fakeWorker();
    const make = async (): Promise<Runs> => {
      await soon();
      return second;
    };
    const close = keepRunning(first, make, () => undefined, 1);
    first.fail(new Error("gone"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    await close();
    expect(second.getState()).toBe("STOPPED");
  });
});
