/** Server-sent events, read as the WHATWG standard says: one parser for one response. */

/** An event as it was dispatched. */
export interface ServerEvent {
  readonly type: string;
  readonly data: string;
  /** The last id of the stream so far; the empty text where there was none. */
  readonly id: string;
}

export interface ServerEventParser {
  /** Takes in the next piece of the stream's text, cut anywhere, and returns the events that it completes. */
  push(text: string): readonly ServerEvent[];
  /** The id to come back with: of the last block that was whole, whether or not it was an event. */
  readonly lastId: string;
  /** How long to wait before coming back, in milliseconds, where the server has said so. */
  readonly retryMs: number | undefined;
}

/** `lastId`: the one that the stream before this ended with. What is not whole when the stream ends counts for nothing. */
export function createServerEventParser(lastId = ""): ServerEventParser {
  let rest = "";
  let begun = false;
  let [type, id] = ["", lastId];
  let data: string[] = [];
  let retryMs: number | undefined;
  let committedId = lastId;

  function field(name: string, value: string): void {
    if (name === "event") type = value;
    else if (name === "data") data.push(value);
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d+$/.test(value)) retryMs = Number(value);
  }

  function line(text: string): ServerEvent | undefined {
    if (text !== "") {
      const colon = text.indexOf(":");
      if (colon === 0) return undefined;
      const value = colon < 0 ? "" : text.slice(colon + 1);
      field(colon < 0 ? text : text.slice(0, colon), value.startsWith(" ") ? value.slice(1) : value);
      return undefined;
    }
    committedId = id;
    const event = data.length === 0 ? undefined : { type: type || "message", data: data.join("\n"), id };
    type = "";
    data = [];
    return event;
  }

  return {
    get lastId() {
      return committedId;
    },
    get retryMs() {
      return retryMs;
    },
    push(piece) {
      rest += piece;
      if (!begun && rest !== "") {
        begun = true;
        if (rest.startsWith("\uFEFF")) rest = rest.slice(1);
      }
      const events: ServerEvent[] = [];
      let from = 0;
      const ends = /\r\n?|\n/g;
      for (let end = ends.exec(rest); end !== null; end = ends.exec(rest)) {
        // A carriage return at the very end may be half of a line's end.
        if (end[0] === "\r" && ends.lastIndex === rest.length) break;
        const event = line(rest.slice(from, end.index));
        if (event !== undefined) events.push(event);
        from = ends.lastIndex;
      }
      rest = rest.slice(from);
      return events;
    },
  };
}
