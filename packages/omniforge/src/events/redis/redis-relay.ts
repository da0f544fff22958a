/**
 * Live events between processes through Redis: a stream for each running step, whose ids fence off attempts that have a
 * successor, and hints on a channel for each task.
 *
 * Without Redis, followers go on by the log; once it is back, what is being said is told from its beginning.
 */
import { randomUUID } from "node:crypto";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import type { LiveStep } from "../live-text.ts";
import type { Relay } from "../relay.ts";
import { readAddress } from "./address.ts";
import { Connection, type ConnectionUser } from "./connection.ts";
import { Inbox } from "./inbox.ts";
import { findDriver } from "./load-driver.ts";
import { Outbox } from "./outbox.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface RedisRelay extends Relay {
  /** Connects now, and not only when there is something to tell or to hear. */
  open(): void;
}

/** A server that refuses what it is told (it is full, say) is left alone for so long. Milliseconds. */
const refusedMs = 1_000;

/**
 * Waits for no server. `live`: what the running steps of this process have said so far, masked. `answerMs`: a server that
 * says nothing for this long is taken for lost.
 *
 * Throws INVALID_INPUT for a wrong address, and EVENTS_PACKAGE_MISSING.
 */
export function redisRelay(
  address: string,
  live: (task: string) => readonly LiveStep[],
  { answerMs }: { readonly answerMs?: number } = {},
): RedisRelay {
  const place = readAddress(address);
  const self = randomUUID().slice(0, 8);
  const outbox = new Outbox(self, live);
  const inbox = new Inbox(self);
  const subscriptions = new Subscriptions({
    hear(message, channel) {
      inbox.hear(channel, message);
      void receive();
    },
    joined(channels) {
      inbox.begin(channels);
      void receive();
    },
    failed: (thrown) => connection.complain(thrown),
  });
  const user: ConnectionUser = {
    joined(client) {
      outbox.open();
      subscriptions.use(client, inbox.channels);
      void send();
    },
    left() {
      outbox.shut();
      subscriptions.use(undefined);
    },
  };
  const connection = new Connection(findDriver(), place, user, answerMs);

  /** One batch is on its way at a time: what comes meanwhile goes together. */
  let sending = false;
  async function send(): Promise<void> {
    if (sending) return;
    sending = true;
    for (;;) {
      await turn();
      const batch = outbox.take(Date.now());
      if (batch.length === 0) break;
      const replies = await connection.ask(batch.map(({ parts }) => parts));
      const failure = outbox.settle(batch, replies);
      if (failure === undefined || connection.client === undefined) continue;
      connection.complain(failure);
      outbox.shut();
      await sleep(refusedMs, undefined, { ref: false });
      if (connection.client !== undefined) outbox.open();
    }
    sending = false;
  }

  let receiving = false;
  async function receive(): Promise<void> {
    if (receiving) return;
    receiving = true;
    for (;;) {
      // Hints that have come together are answered together.
      await Promise.resolve();
      const questions = inbox.questions();
      if (questions.length === 0 || connection.client === undefined) break;
      const replies = await connection.ask(questions.map(({ parts }) => parts));
      for (const [index, reply] of replies.entries())
        try {
          if (reply.status === "rejected") throw reply.reason;
          questions[index]?.take(reply.value);
        } catch (thrown) {
          if (connection.client !== undefined) connection.complain(thrown);
        }
    }
    receiving = false;
  }

  return {
    open: () => connection.open(),
    tell(reference, event) {
      connection.open();
      outbox.tell(reference, event, Date.now());
      void send();
    },
    follow(reference, listener) {
      connection.open();
      const channel = inbox.add(reference, listener);
      subscriptions.join(channel);
      return () => {
        inbox.remove(channel);
        subscriptions.leave(channel);
      };
    },
    close() {
      connection.close();
      user.left();
      return Promise.resolve();
    },
  };
}
