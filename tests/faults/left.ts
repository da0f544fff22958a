/** What a poisoned run left behind. */
import { createOmniForge } from "omniforge";
import { isKind } from "../../packages/omniforge/src/protocol/entry.ts";

export interface Left {
  readonly completed: number;
  readonly guilty: string | undefined;
  readonly deaths: number;
}

export async function left(folder: string): Promise<Left> {
  const forge = await createOmniForge({ dataDirectory: folder, work: false });
  try {
    const [guilty] = await forge.list({ agent: "guilty", limit: 1 });
    const log = await forge.log(guilty?.task ?? "");
    const completed = await forge.list({ agent: "innocent", states: ["completed"], limit: 2_000 });
    return {
      completed: completed.length,
      guilty: log.find(isKind("result"))?.body.error?.code,
      deaths: log.filter(isKind("recovery")).filter(({ body }) => body.steps.includes("1/tool/0")).length,
    };
  } finally {
    await forge.close();
  }
}
