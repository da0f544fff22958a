/**
 * The contract on the in-process engine. A process is a world of its own in this one; its death is that nothing of it
 * gets any further.
 *
 * With OMNIFORGE_EXPECTED=write the expected logs are written anew: look at what changed before committing it.
 */
import { describe, it } from "vitest";
import { testBackend, type CreateEngine } from "omniforge/testing";
import { inProcess } from "omniforge";
import { writeExpected } from "./write-expected.ts";

const create: CreateEngine = async (world, { work }) => ({
  backend: await inProcess({
    pollMs: 10,
    beatMs: 50,
    leaseMs: 300,
    stopGraceMs: 500,
    onError: (error) => console.error(error),
  })(world, { work }),
});

testBackend("in-process", create, {
  describe,
  it,
  skip: [
    {
      test: "shows a task that was terminated from outside as failed",
      reason: "nothing outside executes the task, so there is nothing to terminate",
    },
    {
      test: "does nothing twice when it is set back to its beginning by hand",
      reason: "nothing outside executes the task, so there is nothing to reset",
    },
  ],
  ...(process.env["OMNIFORGE_EXPECTED"] === "write" && { record: writeExpected }),
});
