/**
 * The SDK's request handler over the durable engine: one per request, and nothing in it outlives the request. Tasks run
 * whether anybody asks or not.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import { isTerminal, type TaskState } from "../../protocol/task.ts";
import { checkTenant, rowOf, type Desk } from "./desk.ts";
import { toA2AError } from "./errors.ts";
import { list } from "./list.ts";
import { requestsOf, stateOf } from "./open-requests.ts";
import {
  PushNotificationNotSupportedError,
  TaskNotCancelableError,
  UnsupportedOperationError,
  type A2ARequestHandler,
  type AgentCard,
  type SendMessageRequest,
  type StreamResponse,
  type Task,
} from "./sdk.ts";
import { send } from "./send.ts";
import { show, toTheirTask, type Shown, type View } from "./snapshot.ts";
import { updatesOf } from "./updates.ts";

/** How long a cancel is waited for: what runs has a grace time of two seconds. */
const cancelWaitMs = 10_000;

const stateNow = ({ row, below }: Shown): TaskState => stateOf(row, requestsOf(row, below));
const isPaused = (state: TaskState): boolean => state === "input-required";
const isInterrupted = (state: TaskState): boolean => isPaused(state) || state === "auth-required";

export function requestHandler(desk: Desk, card: AgentCard): A2ARequestHandler {
  const { forge, window } = desk;
  const whole: View = { artifacts: true };
  const showTask = async (task: string): Promise<Shown> => show(window, await rowOf(desk, task));
  const toTask = (shown: Shown, view: View): Promise<Task> => toTheirTask(window, shown, view);

  /** Resolves once the task has ended or `stops` says so, or nobody waits any more. */
  async function waitFor(
    task: string,
    stops: (state: TaskState) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const shown = await showTask(task);
    if (stops(stateNow(shown))) return;
    await desk.held(async () => {
      for await (const { state } of updatesOf(forge, window, shown, signal)) if (stops(state)) return;
    });
  }

  async function* stream(
    task: string,
    view: View,
    closes: (state: TaskState) => boolean,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const shown = await showTask(task);
    yield { payload: { $case: "task", value: await toTask(shown, view) } };
    if (closes(stateNow(shown))) return;
    for await (const { state, event } of updatesOf(forge, window, shown, desk.signal)) {
      yield event;
      if (closes(state)) return;
    }
  }

  async function* sendStream(request: SendMessageRequest): AsyncGenerator<StreamResponse, void, undefined> {
    const task = await send(desk, request);
    yield* stream(task, { ...whole, historyLength: request.configuration?.historyLength }, isPaused);
  }

  async function* subscribe(task: string): AsyncGenerator<StreamResponse, void, undefined> {
    const { state } = await rowOf(desk, task);
    if (isTerminal(state))
      throw new UnsupportedOperationError(`task ${task} is ${state}: there is nothing to follow`);
    yield* stream(task, whole, isTerminal);
  }

  async function cancel(task: string): Promise<Task> {
    const { state } = await rowOf(desk, task);
    if (isTerminal(state)) throw new TaskNotCancelableError(`task ${task} is ${state} already`);
    try {
      await forge.cancel(task);
    } catch (thrown) {
      if (!OmniForgeError.is(thrown, "TASK_ENDED")) throw thrown;
      throw new TaskNotCancelableError(`task ${task} has ended`);
    }
    await waitFor(task, isTerminal, AbortSignal.any([desk.signal, AbortSignal.timeout(cancelWaitMs)]));
    return toTask(await showTask(task), whole);
  }

  const noPush = (): Promise<never> => Promise.reject(new PushNotificationNotSupportedError());
  return {
    getAgentCard: () => Promise.resolve(card),
    getAuthenticatedExtendedAgentCard: () =>
      Promise.reject(
        new UnsupportedOperationError("there is no extended card: the public one says everything"),
      ),
    sendMessage: (request) =>
      told(async () => {
        const task = await send(desk, request);
        const { historyLength, returnImmediately = false } = request.configuration ?? {};
        if (!returnImmediately)
          await waitFor(task, (state) => isTerminal(state) || isInterrupted(state), desk.signal);
        return toTask(await showTask(task), { ...whole, historyLength });
      }),
    sendMessageStream: (request) => toldStream(sendStream(request)),
    getTask: (request) =>
      told(async () => {
        checkTenant(desk, request.tenant);
        return toTask(await showTask(request.id), { ...whole, historyLength: request.historyLength });
      }),
    listTasks: (request) => told(() => list(desk, request)),
    cancelTask: (request) =>
      told(() => {
        checkTenant(desk, request.tenant);
        return cancel(request.id);
      }),
    resubscribe: (request) =>
      toldStream(
        (async function* () {
          checkTenant(desk, request.tenant);
          yield* subscribe(request.id);
        })(),
      ),
    createTaskPushNotificationConfig: noPush,
    getTaskPushNotificationConfig: noPush,
    listTaskPushNotificationConfigs: noPush,
    deleteTaskPushNotificationConfig: noPush,
  };
}

/** Whatever is thrown becomes A2A's error, here and nowhere else. */
async function told<Value>(perform: () => Promise<Value>): Promise<Value> {
  try {
    return await perform();
  } catch (thrown) {
    throw toA2AError(thrown);
  }
}

async function* toldStream(
  stream: AsyncGenerator<StreamResponse, void, undefined>,
): AsyncGenerator<StreamResponse, void, undefined> {
  try {
    yield* stream;
  } catch (thrown) {
    throw toA2AError(thrown);
  }
}
