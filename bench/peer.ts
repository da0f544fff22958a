/** The work, done by the `ai` package's own tool loop: the same model, the same tool, and nothing stored. */
import { jsonSchema, stepCountIs, streamText, tool } from "ai";
import { promptModel } from "./engine.ts";
import { gaps } from "./statistics.ts";
import { resultText } from "./work.ts";

/** Milliseconds of each turn. */
export async function runPeer(turns: number): Promise<readonly number[]> {
  const moments: number[] = [];
  const look = tool({
    description: "Looks",
    inputSchema: jsonSchema<{ turn: number }>({
      type: "object",
      properties: { turn: { type: "number" } },
      required: ["turn"],
      additionalProperties: false,
    }),
    execute: ({ turn }) => resultText(turn),
  });
  const result = streamText({
    model: promptModel(turns, () => moments.push(performance.now())),
    system: "Look.",
    prompt: "go",
    tools: { look },
    stopWhen: stepCountIs(turns + 1),
  });
  await result.consumeStream();
  return gaps(moments);
}
