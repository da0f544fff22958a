/**
 * Reading what anybody may have sent to a workflow.
 *
 * A signal is accepted by the server whatever its payload is. One that can't be read (of another encoding, or damaged)
 * would fail every workflow task from then on, and so hold its task for ever; here it reads as nothing, and is refused
 * like any other wrong input.
 */
import { defaultPayloadConverter } from "@temporalio/workflow";
import type { PayloadConverter } from "@temporalio/common";

const nothing = defaultPayloadConverter.toPayload(undefined);

export const payloadConverter: PayloadConverter = {
  toPayload: (value, context, hint) => defaultPayloadConverter.toPayload(value, context, hint),
  fromPayload(payload, context, hint) {
    try {
      return defaultPayloadConverter.fromPayload(payload, context, hint);
    } catch {
      return defaultPayloadConverter.fromPayload(nothing, context, hint);
    }
  },
};
