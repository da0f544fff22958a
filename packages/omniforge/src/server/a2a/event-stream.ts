/**
 * A stream of server-sent events that is read as fast as its client reads it, and no faster.
 *
 * Invariants: who finds no place among the server's streams has asked the source for nothing; what fails before the first
 * event is a proper error response; a client that goes away, and one that does not
 * read from one ping to the next, ends the source (by `leave`: a source that waits hears nothing else) and touches nothing
 * else; a server that stops says when to come again.
 */
import { takePlace, type Visitor } from "../sse/place.ts";
import type { OpenStream } from "../sse/streams.ts";

export const eventStreamHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

export interface StreamTexts<Item> {
  readonly toData: (item: Item) => unknown;
  /** What is said of what the source throws. */
  readonly toError: (thrown: unknown) => unknown;
}

export interface StreamPlace {
  readonly visitor: Visitor;
  /** Nobody listens any more. */
  readonly leave: () => void;
}

/** The body, once there is a first item; throws what the source throws before that, RATE_LIMITED and CLOSED. */
export async function eventStream<Item>(
  source: AsyncGenerator<Item, void, undefined>,
  texts: StreamTexts<Item>,
  place: StreamPlace,
): Promise<ReadableStream<Uint8Array>> {
  const pulled = new Pulled(source, texts, place);
  await pulled.begin();
  return pulled.body;
}

const encoder = new TextEncoder();

class Pulled<Item> implements OpenStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #source: AsyncGenerator<Item, void, undefined>;
  readonly #texts: StreamTexts<Item>;
  readonly #gone: () => void;
  #next: Promise<IteratorResult<Item, void>> | undefined;
  #begun = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The client waits for more. */
  #wanted = false;
  #stalled = false;

  constructor(
    source: AsyncGenerator<Item, void, undefined>,
    texts: StreamTexts<Item>,
    { visitor, leave }: StreamPlace,
  ) {
    this.#source = source;
    this.#texts = texts;
    const remove = takePlace(visitor, this, () => this.#end());
    this.#gone = () => {
      remove();
      leave();
    };
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: () => this.#pull(),
        cancel: () => this.#leaveSource(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Waits for the first item. Throws what the source throws instead. */
  async begin(): Promise<void> {
    try {
      this.#next = this.#source.next();
      await this.#next;
      this.#begun = true;
    } catch (thrown) {
      this.#end();
      throw thrown;
    }
  }

  ping(): boolean {
    // Nobody could have read anything yet.
    if (!this.#begun) return true;
    if (this.#wanted) {
      this.#say(": ping\n\n");
      this.#stalled = false;
      return true;
    }
    if (this.#stalled) return false;
    this.#stalled = true;
    return true;
  }

  dismiss(retryMs: number): void {
    this.#say(`retry: ${retryMs}\n\n`);
    this.#end();
  }

  cutOff(): void {
    this.#end();
  }

  async #pull(): Promise<void> {
    this.#wanted = true;
    this.#next ??= this.#source.next();
    try {
      const result = await this.#next;
      this.#next = undefined;
      if (result.done === true) this.#end();
      else this.#say(`data: ${JSON.stringify(this.#texts.toData(result.value))}\n\n`);
    } catch (thrown) {
      this.#say(`event: error\ndata: ${JSON.stringify(this.#texts.toError(thrown))}\n\n`);
      this.#end();
    }
    this.#wanted = false;
    this.#stalled = false;
  }

  #say(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
  }

  #end(): void {
    this.#controller?.close();
    void this.#leaveSource();
  }

  async #leaveSource(): Promise<void> {
    this.#controller = undefined;
    this.#gone();
    await this.#source.return();
  }
}
