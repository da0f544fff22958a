/**
 * What is sent, as schemas: the document is made of these, and the tests hold every answer against them. Those with a name
 * are components of the document.
 */
import { z } from "zod";
import { entryBodies, type Entry, type EntryKind } from "../protocol/entry.ts";
import { answer, inputRequest } from "../protocol/input.ts";
import { json } from "../protocol/json.ts";
import { message, part, usage } from "../protocol/message.ts";
import { taskStates } from "../protocol/task.ts";

/** How far the view of a task goes back. */
export const shownEntries = 300;

/** The components of the document. */
export const shapes = new Map<z.ZodType, string>();

/** Gives a schema its name in the document. */
export function named<S extends z.ZodType>(id: string, schema: S): S {
  shapes.set(schema, id);
  return schema;
}

named("Json", json);
named("Part", part);
named("Message", message);
named("Usage", usage);
named("Answer", answer);
named("InputRequest", inputRequest);

const time = z.number().describe("Epoch milliseconds.");
export const taskState = named("TaskState", z.enum(taskStates));
export const failure = named("Failure", z.object({ code: z.string(), message: z.string() }));

/** Exactly the library's `Task`. */
const taskFields = {
  tenant: z.string(),
  task: z.string(),
  agent: z.string(),
  state: taskState,
  engine: z.enum(["in-process", "temporal"]),
  turn: z.int(),
  root: z
    .string()
    .describe("The task that it is a descendant of; its own id where it is nobody's sub-agent."),
  context: z.string().optional().describe("The conversation that it belongs to."),
  parent: z.string().optional(),
  depth: z.int(),
  createdAt: time,
  updatedAt: time,
  usage,
  pending: z.array(inputRequest).describe("What it waits for a person to answer."),
  headSeq: z.int().describe("How many entries its log has."),
  cancelRequested: z.boolean(),
  erased: z.boolean(),
  output: z.array(part).optional().describe("The answer's parts, once it is completed."),
  error: failure.optional(),
};
export const task = named("Task", z.object(taskFields).loose());

export const said = named(
  "Said",
  z.object({
    seq: z.int(),
    at: time,
    role: z.enum(["user", "assistant"]),
    actor: z.string().optional(),
    parts: z.array(part),
  }),
);

export const artifact = named(
  "Artifact",
  z.object({
    name: z.string(),
    mediaType: z.string(),
    bytes: z.int(),
    seq: z.int().describe("The entry that names it."),
  }),
);

export const taskDetail = named(
  "TaskDetail",
  z
    .object({
      ...taskFields,
      messages: z
        .array(said)
        .describe(`What the last ${shownEntries} entries of its log have said; all of it is in the events.`),
      artifacts: z
        .array(artifact)
        .describe(
          `Files and large values that those ${shownEntries} entries name. Earlier ones are had by their names, too.`,
        ),
    })
    .loose(),
);

/** An entry of each kind: `body` by `kind`. What its agent's model alone can read is left out. */
export const entry = named(
  "Entry",
  z.discriminatedUnion("kind", [
    entryOf("created"),
    entryOf("message"),
    entryOf("reply"),
    entryOf("request"),
    entryOf("input"),
    entryOf("cancel"),
    entryOf("claim"),
    entryOf("release"),
    entryOf("result"),
    entryOf("child"),
    entryOf("attempt"),
    entryOf("compaction"),
    entryOf("refusal"),
    entryOf("artifact"),
    entryOf("recovery"),
    entryOf("ended"),
  ]),
);

function entryOf<K extends EntryKind>(kind: K) {
  return z.object({
    kind: z.literal(kind),
    v: z.int(),
    seq: z.int(),
    at: time,
    key: z.string().optional().describe("The step that it is the outcome of."),
    body: entryBodies[kind],
  });
}

/** Kinds that the document does not have: none, or the document is not true. */
export type MissingKind = Exclude<Entry["kind"], z.infer<typeof entry>["kind"]>;

const id = { task: z.string() };
export const taskEvent = named(
  "TaskEvent",
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("entry"), ...id, entry }),
    z.object({
      type: z.literal("delta"),
      ...id,
      key: z.string(),
      attempt: z.string(),
      channel: z.enum(["text", "reasoning", "progress"]),
      offset: z.int(),
      text: z.string(),
    }),
    z.object({ type: z.literal("reset"), ...id, key: z.string(), attempt: z.string() }),
  ]),
);

/** One page of a list. */
export function page<S extends z.ZodType>(item: S) {
  return z.object({
    items: z.array(item),
    next: z.string().optional().describe("The cursor of the next page; none: this was the last."),
  });
}
