/** References to models: `provider:model`, and the family within which what only a provider can read goes back to it. */

/** A snapshot's date or number at the end of a name, by which alone two models of one family differ. */
const snapshot = /[-@:](latest|\d{8}|\d{4}-\d{2}-\d{2}|00\d|v\d+(:\d+)?)$/;

export interface ModelReference {
  readonly provider: string;
  readonly model: string;
}

/** Splits a reference at its first colon: names of models may contain more of them (`ollama:llama3:8b`). */
export function parseReference(reference: string): ModelReference {
  const at = reference.indexOf(":");
  return at < 0
    ? { provider: reference, model: "" }
    : { provider: reference.slice(0, at), model: reference.slice(at + 1) };
}

/**
 * The family within which reasoning and other native parts may be replayed: the reference without its snapshot.
 *
 * Deliberately narrow: a part that is left out costs a little quality, and a signature that another model can't read
 * costs the call.
 */
export function modelFamily(reference: string): string {
  return reference.replace(snapshot, "");
}

const chatPrefix = "chat:";

/** The reference to a model as a partner in a conversation. */
export function chatReference(reference: string): string {
  return reference.startsWith(chatPrefix) ? reference : chatPrefix + reference;
}

/** The reference to the model itself. */
export function unchatted(reference: string): string {
  return reference.startsWith(chatPrefix) ? reference.slice(chatPrefix.length) : reference;
}
