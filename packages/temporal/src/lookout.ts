/**
 * Looking, a little after something was started, whether anybody takes it.
 *
 * A client has told the server, and the server waits for a worker for as long as it takes: without a word, that would look
 * like an agent that thinks.
 */
import { OmniForgeError } from "omniforge/protocol";

/** Long enough for a worker that lives, short enough for a person. */
const afterMs = 4_000;
const sayAgainMs = 60_000;

export interface Lookout {
  /** Something was started just now. */
  readonly started: () => void;
  readonly stop: () => void;
}

/** One look at a time, whatever is started meanwhile. A look that fails says nothing: starting itself has said it. */
export function createLookout(
  isAnyoneWorking: () => Promise<boolean>,
  onNobody: () => void,
  onError: (error: unknown) => void,
): Lookout {
  let timer: NodeJS.Timeout | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;

  async function look(): Promise<void> {
    try {
      if (await isAnyoneWorking()) return;
      saidAt = performance.now();
      onNobody();
    } catch (thrown) {
      if (!OmniForgeError.is(thrown, "ENGINE_UNREACHABLE")) onError(thrown);
    }
  }

  return {
    started() {
      if (timer !== undefined || performance.now() - saidAt < sayAgainMs) return;
      timer = setTimeout(() => {
        timer = undefined;
        void look();
      }, afterMs);
      timer.unref();
    },
    stop: () => clearTimeout(timer),
  };
}
