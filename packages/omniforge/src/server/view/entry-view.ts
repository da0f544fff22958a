/** Entries as they leave the server: redacted, and without what is this machine's or the model's business alone. */
import type { Entry } from "../../protocol/entry.ts";
import type { OmniForge } from "../../create-omniforge.ts";

type Redacted = Pick<OmniForge, "redactor">;

const views = new WeakMap<Entry, Entry>();

/** The same entry again is the same view: many clients are told of one entry. */
export function entryView({ redactor }: Redacted, entry: Entry): Entry {
  const known = views.get(entry);
  if (known !== undefined) return known;
  const view = redactor.record(withoutFolder(entry));
  views.set(entry, view);
  return view;
}

/** Where on this machine a task works is nobody's business elsewhere. */
function withoutFolder(entry: Entry): Entry {
  if (entry.kind !== "created") return entry;
  const { workspace: _folder, ...body } = entry.body;
  return { ...entry, body };
}
