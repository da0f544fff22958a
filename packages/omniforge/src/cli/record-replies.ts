/** `omniforge doctor --record`: what the models found here really send, for the golden streams of the tests. */
import { resolve } from "node:path";
import type { Discovery } from "../models/discovery/index.ts";
import { recordStreams } from "../models/record-streams.ts";
import { messageOf } from "../protocol/error.ts";
import { sleep } from "../sleep.ts";
import { shownPath, userPath } from "./invocation.ts";
import type { Finding } from "./commands/doctor.ts";

/** One finding for each model that was called; a call that fails must be mended. */
export async function recordReplies({ found }: Discovery, folder: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const models of found) {
    const [reference] = models.models;
    if (models.missingPackage !== undefined || reference === undefined) continue;
    const apiKey = models.apiKeyFrom === undefined ? undefined : process.env[models.apiKeyFrom]?.trim();
    try {
      const recordings = await recordStreams(models, reference, resolve(userPath("."), folder), {
        now: Date.now,
        sleep,
        signal: AbortSignal.timeout(300_000),
        ...(apiKey !== undefined && { apiKey }),
      });
      for (const { file, text, calls, outputTokens } of recordings)
        findings.push({
          topic: "recorded",
          state: "yes",
          text: `${shownPath(file)}: ${calls} calls, ${text.length} characters, ${outputTokens} tokens`,
        });
    } catch (thrown) {
      const why = messageOf(thrown);
      findings.push({ topic: "recorded", state: "wrong", text: `${reference}: ${why}` });
    }
  }
  if (findings.length > 0) return findings;
  return [{ topic: "recorded", state: "wrong", text: "nothing: no real model was found to record" }];
}
