/**
 * What the public does not see besides: the schemas of tools and answers, which the complaints about what does not fit them
 * quote, and the queues that calls go through. The model is told of the former, and who reads the data directory of both.
 */
import { changed, type Redactor } from "./redactor.ts";

/** The beginnings of such complaints; what follows quotes the schema. */
const complaint = /^(wrong arguments|the answer does not fit its schema): [\s\S]*$/;
/** Values of tools and people: their members are not ours. */
const theirs = new Set(["arguments", "value", "schema", "data"]);
const unfit = "it does not fit the agent's schema";

/** Masks what the other does, and leaves schemas out. */
export function hideSchemas(redactor: Redactor): Redactor {
  return {
    ...redactor,
    // Texts are shortened, and shapes kept.
    record: <T>(given: T): T => withoutSchemas(redactor.record(given)) as T,
  };
}

function withoutSchemas(value: unknown): unknown {
  return changed(value, (member, name) => {
    if (theirs.has(name)) return member;
    // Where calls are run is the operators' affair.
    if (name === "queue") return undefined;
    if (typeof member !== "string") return withoutSchemas(member);
    if (name === "invalid") return unfit;
    return name === "message" ? member.replace(complaint, "$1") : member;
  });
}
