/**
 * What other processes say, with what this one knows to be secret masked: each masks before it publishes, by what it was
 * configured with, and who shows it may know more.
 */
import type { Redactor } from "../redaction/redactor.ts";
import { isLive } from "./live-view.ts";
import type { Relay } from "./relay.ts";

export function maskRelay(relay: Relay, redactor: Redactor): Pick<Relay, "follow"> {
  return {
    follow(reference, listener) {
      let masked = redactor.published();
      const speaking = new Set<string>();
      return relay.follow(reference, {
        hear(event) {
          speaking.add(event.key);
          const shown = masked(event);
          if (shown !== undefined && isLive(shown)) listener.hear(shown);
        },
        grown(headSeq, steps) {
          for (const step of steps) speaking.delete(step);
          // What was held back of recorded steps is of no use any more.
          if (speaking.size === 0) masked = redactor.published();
          listener.grown(headSeq, steps);
        },
      });
    },
  };
}
