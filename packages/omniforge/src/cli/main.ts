/**
 * The command line. Owns: words and options. Each command stands in `commands/` and is loaded when it is called, so that
 * `--help` costs nothing.
 */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { bearGoneReaders, conclude, exitCodes, type ExitCode } from "./exit-code.ts";
import type { BackupChoice } from "./commands/backup.ts";
import type { AgentsChoice } from "./commands/agents.ts";
import type { CancelChoice } from "./commands/cancel.ts";
import type { ChatChoice } from "./commands/chat.ts";
import type { CommandWords, Shell } from "./commands/completion.ts";
import type { CreateKeyChoice, KeysChoice } from "./commands/keys.ts";
import { roles } from "../protocol/role.ts";
import type { DoctorChoice } from "./commands/doctor.ts";
import type { EraseChoice } from "./commands/erase.ts";
import type { RespondChoice } from "./commands/respond.ts";
import type { ResumeChoice } from "./commands/resume.ts";
import type { RunChoice } from "./commands/run.ts";
import type { SayChoice } from "./commands/say.ts";
import type { ServeChoice } from "./commands/serve.ts";
import type { ShowChoice } from "./commands/show.ts";
import type { SweepChoice } from "./commands/sweep.ts";
import type { TasksChoice } from "./commands/tasks.ts";
import type { TemporalDevChoice } from "./commands/temporal-dev.ts";
import type { TemporalSetupChoice } from "./commands/temporal-setup.ts";
import type { ToolsChoice } from "./commands/tools.ts";
import type { WatchChoice } from "./commands/watch.ts";
import type { WorkerChoice } from "./commands/worker.ts";
import { holdYoungObjects } from "./young-objects.ts";

const data = (): Option => new Option("--data <folder>", "where tasks are kept (default: .omniforge)");
const url = (): Option =>
  new Option("--url <address>", "the server that keeps them (key: OMNIFORGE_API_KEY)").conflicts("data");
const agent = (): Option => new Option("--agent <id>", "which agent (default: the config file's first)");
const model = (): Option => new Option("--model <provider:model>", "which model (default: see doctor)");
const workspace = (): Option => new Option("--workspace <folder>", "what it works on (default: this folder)");
const json = (): Option => new Option("--json", "lines of JSON, for programs");
const yes = (): Option => new Option("--yes", "approve without asking");
const backend = (): Option =>
  new Option("--backend <engine>", "what runs tasks").choices(["in-process", "temporal"]);
const maxCost = (): Option =>
  new Option("--max-cost <dollars>", "what its models may cost, sub-agents included").argParser(toPositive);
const noWork = (): Option => new Option("--no-work", "leave running it to other processes");

const program = new Command("omniforge")
  .description("AI agents that survive kill -9.")
  .version("0.1.0")
  .exitOverride()
  .showHelpAfterError("(--help says more)")
  .addHelpText(
    "after",
    "\nA task's id may be cut to its beginning or end, or be 'last'.\nExit codes: 0 done or waiting for a person, 1 failed, 2 wrong usage, 3 canceled.",
  );

/** The action of a command: loads it, runs it, and turns what it returns into the exit code. */
const run = (command: () => Promise<ExitCode>): Promise<void> => conclude(command);

program
  .command("run")
  .description("give an agent a task, and see it through")
  .argument("<text>", "what it is to do")
  .addOption(agent())
  .addOption(model())
  .addOption(workspace())
  .addOption(maxCost())
  .addOption(yes())
  .addOption(json())
  .addOption(backend())
  .addOption(noWork())
  .addOption(url())
  .addOption(data())
  .action((text: string, choice: RunChoice) =>
    run(async () => (await import("./commands/run.ts")).run(text, choice)),
  );

program
  .command("chat")
  .description("talk with an agent: one task that waits for your next message")
  .argument("[id]", "the conversation to go on with (default: the one left open here)")
  .addOption(agent())
  .addOption(model())
  .addOption(workspace())
  .option("--new", "begin another conversation")
  .addOption(maxCost())
  .addOption(yes())
  .addOption(json())
  .addOption(backend())
  .addOption(url())
  .addOption(data())
  .action((id: string | undefined, choice: ChatChoice) =>
    run(async () => (await import("./commands/chat.ts")).chat(id, choice)),
  );

program
  .command("tasks")
  .description("list tasks, newest first")
  .option("--limit <number>", "how many", toLimit, 20)
  .addOption(json())
  .addOption(url())
  .addOption(data())
  .action((choice: TasksChoice) => run(async () => (await import("./commands/tasks.ts")).tasks(choice)));

program
  .command("show")
  .description("show a task with its steps, and what it waits for")
  .argument("<id>")
  .addOption(json())
  .addOption(url())
  .addOption(data())
  .action((id: string, choice: ShowChoice) =>
    run(async () => (await import("./commands/show.ts")).show(id, choice)),
  );

program
  .command("backup")
  .description("copy everything into a new folder, while tasks run")
  .argument("<folder>")
  .addOption(data())
  .action((folder: string, choice: BackupChoice) =>
    run(async () => (await import("./commands/backup.ts")).backup(folder, choice)),
  );

program
  .command("watch")
  .description("follow a task that runs elsewhere, and answer it here")
  .argument("<id>")
  .addOption(yes())
  .addOption(json())
  .addOption(url())
  .addOption(data())
  .action((id: string, choice: WatchChoice) =>
    run(async () => (await import("./commands/watch.ts")).watch(id, choice)),
  );

program
  .command("say")
  .description("say something to a task; its next turn takes it")
  .argument("<id>")
  .argument("<text>")
  .addOption(json())
  .addOption(url())
  .addOption(data())
  .action((id: string, text: string, choice: SayChoice) =>
    run(async () => (await import("./commands/say.ts")).say(id, text, choice)),
  );

program
  .command("respond")
  .description("answer what a task waits for")
  .argument("<id>")
  .argument("[request]", "which request, where several are open")
  .option("--approve", "allow the call")
  .option("--reject [reason]", "refuse it")
  .option("--answer <value>", "answer a question")
  .option("--edit <json>", "allow the call with these arguments instead")
  .option("--resume", "go on with the task at once, here")
  .addOption(json())
  .addOption(url())
  .addOption(data())
  .action((id: string, request: string | undefined, choice: RespondChoice) =>
    run(async () => (await import("./commands/respond.ts")).respond(id, request, choice)),
  );

program
  .command("cancel")
  .description("cancel a task and its sub-agents")
  .argument("<id>")
  .option("--reason <text>", "why")
  .addOption(json())
  .addOption(url())
  .addOption(data())
  .action((id: string, choice: CancelChoice) =>
    run(async () => (await import("./commands/cancel.ts")).cancel(id, choice)),
  );

program
  .command("resume")
  .description("go on with a task, or with all that are unfinished")
  .argument("[id]")
  .addOption(yes())
  .addOption(json())
  .addOption(backend())
  .addOption(noWork())
  .addOption(url())
  .addOption(data())
  .action((id: string | undefined, choice: ResumeChoice) =>
    run(async () => (await import("./commands/resume.ts")).resume(id, choice)),
  );

program
  .command("erase")
  .description("delete what was said and done in a task that has ended")
  .argument("<id>")
  .addOption(json())
  .addOption(url())
  .addOption(data())
  .action((id: string, choice: EraseChoice) =>
    run(async () => (await import("./commands/erase.ts")).erase(id, choice)),
  );

program
  .command("sweep")
  .description("erase what ended so many days ago, and clean the files of it")
  .option("--days <number>", "how many (default: the config file's retention)", toPositive)
  .addOption(json())
  .addOption(data())
  .action((choice: SweepChoice) => run(async () => (await import("./commands/sweep.ts")).sweep(choice)));

const keys = program.command("keys").description("say who may come in at a server of this data directory");
keys
  .command("create")
  .description("create a key, and show it this once")
  .requiredOption("--tenant <name>", "whose tasks it sees and creates")
  .addOption(
    new Option("--role <role>", "what it may do; each may do what those before it may")
      .choices(roles)
      .makeOptionMandatory(),
  )
  .requiredOption("--name <text>", "who or what uses it")
  .option("--days <number>", "when it expires (default: never)", toLimit)
  .addOption(json())
  .addOption(data())
  .action((choice: CreateKeyChoice) =>
    run(async () => (await import("./commands/keys.ts")).createKey(choice)),
  );
keys
  .command("list")
  .description("list keys, revoked ones too; no secret is shown")
  .addOption(json())
  .addOption(data())
  .action((choice: KeysChoice) => run(async () => (await import("./commands/keys.ts")).listKeys(choice)));
keys
  .command("revoke")
  .description("shut a key out, for ever")
  .argument("<id>")
  .addOption(json())
  .addOption(data())
  .action((id: string, choice: KeysChoice) =>
    run(async () => (await import("./commands/keys.ts")).revokeKey(id, choice)),
  );

program
  .command("agents")
  .description("list the agents that a task can be given to")
  .addOption(json())
  .action((choice: AgentsChoice) => run(async () => (await import("./commands/agents.ts")).agents(choice)));

program
  .command("tools")
  .description("list what the agents can do")
  .addOption(json())
  .action((choice: ToolsChoice) => run(async () => (await import("./commands/tools.ts")).tools(choice)));

program
  .command("serve")
  .description("offer all this over HTTP: REST, event streams, A2A")
  .option("--host <address>", "where to listen (default: 127.0.0.1)")
  .option("--port <number>", "which port (default: 4000)", toPort)
  .option("--allow-host <name...>", "names that it answers to, beside this machine's own")
  .option("--allow-origin <origin...>", "whose pages may call it: https://app.example.com")
  .addOption(backend())
  .option("--work", "run tasks in this process, too (default, but not on Temporal: workers do)")
  .addOption(noWork())
  .addOption(data())
  .action((choice: ServeChoice) => {
    holdYoungObjects();
    return run(async () => (await import("./commands/serve.ts")).serve(choice));
  });

program
  .command("worker")
  .description("run tasks on Temporal, until it is told to stop")
  .option(
    "--queues <names...>",
    "what it takes: workflow, model, tools, or a tool's own queue (default: the first three)",
  )
  .option("--concurrency <number>", "steps that run at once, of each queue (default: 100)", toLimit)
  .option("--grace <seconds>", "how long what runs may take to finish when it stops", toPositive, 30)
  .option("--wait <seconds>", "how long to wait for a server that is not up (default: for ever)", toPositive)
  .option("--deployment <name>", "the worker deployment that it belongs to (default: unversioned)")
  .option("--build <id>", "which version of the deployment it is")
  .option("--pinned", "a task stays with the version that began it")
  .addOption(data())
  .action((choice: WorkerChoice) => run(async () => (await import("./commands/worker.ts")).worker(choice)));

const temporal = program.command("temporal").description("a Temporal server: start one here, or set one up");
temporal
  .command("dev")
  .description("start a server on this machine, quick enough to develop with, until Ctrl-C")
  .option("--port <number>", "which port (default: 7233; its page is at this one plus 1000)", toPort)
  .option("--no-page", "without its web page")
  .option("--db <file>", "where it keeps its data (default: .omniforge/temporal.db)")
  .option(
    "--address <address>",
    "set up the server that is there, and start none (default: TEMPORAL_ADDRESS, or another machine's in the config file or Temporal's profile)",
  )
  .action((choice: TemporalDevChoice) =>
    run(async () => (await import("./commands/temporal-dev.ts")).temporalDev(choice)),
  );
temporal
  .command("setup")
  .description("register what tasks can be searched by: agent, tenant, state, root task")
  .option("--wait <seconds>", "how long to wait for a server that is not up (default: 5)", toPositive)
  .option("--take-over", "tasks that are under way on a server that is gone go on at this one")
  .addOption(data())
  .action((choice: TemporalSetupChoice) =>
    run(async () => (await import("./commands/temporal-setup.ts")).temporalSetup(choice)),
  );

program
  .command("init")
  .description("write a config file that runs at once, without a key")
  .action(() => run(async () => (await import("./commands/init.ts")).init()));

program
  .command("doctor")
  .description("say what was found here, models above all, and why")
  .addOption(json())
  .addOption(data())
  .option(
    "--record <folder>",
    "call each model found, and keep what it sends for the tests (costs a few hundred tokens)",
  )
  .action((choice: DoctorChoice) => run(async () => (await import("./commands/doctor.ts")).doctor(choice)));

program
  .command("completion")
  .description("print a script that completes commands and options")
  .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
  .action((shell: Shell) =>
    run(async () => (await import("./commands/completion.ts")).completion(shell, words())),
  );

/** What completion needs to know of each command. */
function words(): CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: optionsOf(command),
    choices: command.registeredArguments[0]?.argChoices ?? command.commands.map((one) => one.name()),
  }));
}

/** Its own and those of its commands, each once. */
function optionsOf(command: Command): CommandWords["options"] {
  const all = [command, ...command.commands].flatMap(({ options }) => options);
  const byFlag = new Map(all.map(({ long, description }) => [long ?? "", description]));
  return [...byFlag].map(([flag, description]) => ({ flag, description }));
}

function toPort(typed: string): number {
  const port = Number(typed);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("It is a number from 0 to 65535.");
  return port;
}

function toLimit(typed: string): number {
  const limit = Number(typed);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new InvalidArgumentError("It is a number from 1 to 10000.");
  return limit;
}

function toPositive(typed: string): number {
  const number = Number(typed);
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError("It is a number above 0.");
  return number;
}

bearGoneReaders();
try {
  await program.parseAsync();
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) throw thrown;
  // Help that was asked for is no error; commander has said what is wrong with anything else.
  process.exitCode = thrown.exitCode === 0 ? exitCodes.done : exitCodes.usage;
}
