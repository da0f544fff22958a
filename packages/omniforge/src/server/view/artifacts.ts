/** Files and large values of a task: which there are, by the names that its log gives them. */
import type { OmniForge } from "../../create-omniforge.ts";
import type { Entry } from "../../protocol/entry.ts";
import type { BlobReference, Part } from "../../protocol/message.ts";

export interface Artifact {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly seq: number;
}

/** An artifact, and where its bytes are: in the log, or beside it. */
interface Found {
  readonly artifact: Artifact;
  readonly blob?: BlobReference;
  readonly data?: string;
}

const entriesAtOnce = 500;

export function artifactsIn(entries: readonly Entry[]): Artifact[] {
  return entries.flatMap(found).map(({ artifact }) => artifact);
}

/** The bytes of the artifact that was named so last; undefined where none is, or its bytes are gone. */
export async function readArtifact(
  forge: OmniForge,
  task: string,
  name: string,
): Promise<{ readonly artifact: Artifact; readonly bytes: Uint8Array } | undefined> {
  let last: Found | undefined;
  for (let after = 0; ;) {
    const page = await forge.log(task, after, entriesAtOnce);
    last = page.flatMap(found).findLast(({ artifact }) => artifact.name === name) ?? last;
    after = page.at(-1)?.seq ?? after;
    if (page.length < entriesAtOnce) break;
    // A long log is read in pieces, and others get their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (last === undefined) return undefined;
  const { artifact, blob, data } = last;
  const bytes =
    data !== undefined
      ? Buffer.from(data, "base64")
      : blob && (await forge.world.blobs.get({ tenant: forge.tenant, task }, blob));
  return bytes === undefined ? undefined : { artifact, bytes: shown(forge, bytes, artifact.mediaType) };
}

/** Texts are masked like everything that is told; other bytes are what they are. */
function shown({ redactor }: OmniForge, bytes: Uint8Array, mediaType: string): Uint8Array {
  if (!/^text\/|json|xml|octet-stream/.test(mediaType)) return bytes;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const clean = redactor.record(text);
    return clean === text ? bytes : new TextEncoder().encode(clean);
  } catch (thrown) {
    if (thrown instanceof TypeError) return bytes;
    throw thrown;
  }
}

function found(entry: Entry): Found[] {
  return partsOf(entry).flatMap((part) => ofPart(part, entry.seq));
}

function partsOf({ kind, body }: Entry): readonly Part[] {
  switch (kind) {
    case "message":
      return body.message.parts;
    case "reply":
    case "result":
    case "ended":
      return body.parts;
    case "artifact":
      return [{ type: "artifact", name: body.name }, body.part];
    default:
      return [];
  }
}

function ofPart(part: Part, seq: number): Found[] {
  switch (part.type) {
    case "file": {
      const { blob, data, mediaType } = part;
      const name = part.name ?? blob?.hash;
      if (name === undefined) return [];
      const bytes = blob?.bytes ?? Buffer.byteLength(data ?? "", "base64");
      return [
        {
          artifact: { name, mediaType, bytes, seq },
          ...(blob && { blob }),
          ...(data !== undefined && { data }),
        },
      ];
    }
    case "reference": {
      const { blob } = part;
      return [{ artifact: { name: blob.hash, mediaType: "text/plain", bytes: blob.bytes, seq }, blob }];
    }
    case "artifact": {
      const { blob, name } = part;
      if (blob === undefined) return [];
      return [{ artifact: { name, mediaType: "application/octet-stream", bytes: blob.bytes, seq }, blob }];
    }
    default:
      return [];
  }
}
