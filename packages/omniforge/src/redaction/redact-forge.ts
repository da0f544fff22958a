/** An OmniForge as people and other programs see it: whatever is read through it has its secrets masked. */
import type { OmniForge } from "../create-omniforge.ts";
import { isKind } from "../protocol/entry.ts";
import type { TaskEvent } from "../protocol/event.ts";
import type { Answer } from "../protocol/input.ts";
import type { Json } from "../protocol/json.ts";
import type { Redactor } from "./redactor.ts";

const logPage = 200;

/** `world` and `watch` are what they were: who reads the log by themselves shows `redactor.record(entry)`. */
export function redactForge(forge: OmniForge, redactor: Redactor): OmniForge {
  /** The arguments as they were asked for: what was shown masked is put back before it is judged and hashed. */
  const meant = async (task: string, request: string, answer: Answer): Promise<Answer> => {
    if (answer.decision !== "approve" || answer.arguments === undefined) return answer;
    return redactor.restore(answer, await askedArguments(forge, task, request));
  };
  const views = new Map<string, OmniForge>();
  return {
    ...forge,
    redactor,
    forTenant(tenant) {
      const known = views.get(tenant) ?? redactForge(forge.forTenant(tenant), redactor);
      views.set(tenant, known);
      return known;
    },
    run: async (agent, text, options) => redactor.record(await forge.run(agent, text, options)),
    submit: async (agent, text, options) => redactor.record(await forge.submit(agent, text, options)),
    get: async (task) => redactor.record(await forge.get(task)),
    list: async (filter) => (await forge.list(filter)).map((task) => redactor.record(task)),
    async *each(which) {
      for await (const task of forge.each(which)) yield redactor.record(task);
    },
    log: async (task, after, limit) =>
      (await forge.log(task, after, limit)).map((entry) => redactor.record(entry)),
    follow: (task, options) => shown(forge.follow(task, options), redactor),
    respond: async (task, request, answer) =>
      forge.respond(task, request, await meant(task, request, answer)),
    async accept(task, input) {
      const answer = input.kind === "answer" ? await meant(task, input.request, input.answer) : undefined;
      const given = input.kind === "answer" && answer !== undefined ? { ...input, answer } : input;
      return redactor.record(await forge.accept(task, given));
    },
  };
}

/** Of an answered request as well: the same answer, sent again, means what it meant the first time. */
async function askedArguments(forge: OmniForge, task: string, request: string): Promise<Json | undefined> {
  const { pending } = await forge.get(task);
  const open = pending.find(({ id }) => id === request);
  if (open !== undefined) return open.arguments;
  const reference = { tenant: forge.tenant, task };
  const answer = await forge.world.store.findAccepted(reference, `input:${request}`);
  if (answer === undefined) return undefined;
  // It was asked in the same turn, so not long before it was answered.
  for (let end = answer.seq; end > 0; end -= logPage) {
    const entries = await forge.log(task, Math.max(0, end - logPage), Math.min(logPage, end));
    const asked = entries.filter(isKind("request")).find(({ body }) => body.id === request);
    if (asked !== undefined) return asked.body.arguments;
  }
  return undefined;
}

async function* shown(
  events: AsyncGenerator<TaskEvent, void>,
  { record }: Redactor,
): AsyncGenerator<TaskEvent, void> {
  for await (const event of events)
    yield event.type === "entry" ? { ...event, entry: record(event.entry) } : event;
}
