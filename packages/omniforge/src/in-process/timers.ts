/**
 * The timers that the in-process engine runs on, so that a simulation can put virtual ones in their place.
 */
export interface Timers {
  /** Calls again and again until cleared; doesn't keep the process alive. */
  readonly every: (ms: number, call: () => void) => () => void;
  /** Calls once, unless cleared before. */
  readonly after: (ms: number, call: () => void) => () => void;
  /** Calls once what runs now has come to a halt. */
  readonly soon: (call: () => void) => void;
  /** Milliseconds by a clock that never jumps. */
  readonly elapsed: () => number;
}

export const realTimers: Timers = {
  every(ms, call) {
    const timer = setInterval(call, ms).unref();
    return () => clearInterval(timer);
  },
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  soon: (call) => void setImmediate(call),
  elapsed: () => performance.now(),
};
