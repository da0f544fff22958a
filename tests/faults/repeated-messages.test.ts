/** A message's id is the message: the same again is a repetition, other words under it are a mistake. */
import { createOmniForge, defineAgent } from "omniforge";
import { userMessage, type Message } from "omniforge/protocol";
import { scriptedModel } from "omniforge/testing";
import { expect, it } from "vitest";
import { act, callsAct, inFolder } from "./beside.ts";

it("says a message once, however often it is repeated, and refuses other words under its id", () =>
  inFolder(async (folder) => {
    let go = (): void => undefined;
    const held = new Promise<string>((resolve) => {
      go = () => resolve("done");
    });
    const agent = defineAgent({
      name: "listener",
      instructions: "Listen.",
      model: "scripted:test",
      tools: [act(() => held)],
    });
    const forge = await createOmniForge({
      dataDirectory: folder,
      models: { "scripted:test": scriptedModel(callsAct) },
    });
    const { task } = await forge.submit(agent, "Begin.", { messageId: "first" });
    const file: Message = {
      v: 1,
      role: "user",
      parts: [
        { type: "file", mediaType: "image/png", data: "A".repeat(60_000) },
        { type: "data", value: { b: 1, a: 2 } },
      ],
    };
    for (const message of [userMessage("Faster!"), userMessage("Faster!")])
      await forge.say(task, message, "m1");
    for (let again = 0; again < 2; again++) await forge.say(task, file, "m2");
    await forge.say(task, "Begin.", "first");
    for (const id of ["m1", "m2", "first"])
      await expect(forge.say(task, "Slower!", id)).rejects.toMatchObject({
        code: "TASK_CONFLICT",
        message: expect.stringContaining(id) as string,
      });
    go();
    const messages = (await forge.log(task)).filter(({ kind }) => kind === "message");
    await forge.close();
    expect(messages).toHaveLength(3);
  }));
