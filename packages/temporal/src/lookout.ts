/**
 * Looking, a little after something was started, whether anybody takes it.
 *
 * A client has told the server, and the server waits for a worker for as long as it takes: without a word, that would look
 * like an agent that thinks.
 */
import { OmniForgeError } from "omniforge/protocol";

/** Long enough for a worker that lives, short enough for a person. */
const defaultAfterMs = 4_000;
/** The server may hand what was started to a worker that has just died, and only then, some seconds later, see it lie. */
const looks = 3;
const sayAgainMs = 60_000;

export interface Lookout {
  /** Something was started just now. */
  readonly started: () => void;
  readonly stop: () => void;
}

/**
 * Looks up to three times, `afterMs` apart, until nobody is there; whatever is started meanwhile begins that anew. A look
 * that fails says nothing: starting itself has said it.
 */
export function createLookout(
  isAnyoneWorking: () => Promise<boolean>,
  onNobody: () => void,
  onError: (error: unknown) => void,
  afterMs = defaultAfterMs,
): Lookout {
  let timer: NodeJS.Timeout | undefined;
  let left = 0;
  let saidAt = Number.NEGATIVE_INFINITY;

  async function look(): Promise<void> {
    try {
      if (await isAnyoneWorking()) return;
      saidAt = performance.now();
      left = 0;
      onNobody();
    } catch (thrown) {
      if (!OmniForgeError.is(thrown, "ENGINE_UNREACHABLE")) onError(thrown);
    }
  }

  function wait(): void {
    if (timer !== undefined || left === 0) return;
    left--;
    timer = setTimeout(() => {
      void look().finally(() => {
        timer = undefined;
        wait();
      });
    }, afterMs);
    timer.unref();
  }

  return {
    started() {
      if (performance.now() - saidAt < sayAgainMs) return;
      left = looks;
      wait();
    },
    stop() {
      left = 0;
      clearTimeout(timer);
    },
  };
}
