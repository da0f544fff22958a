/**
 * One attempt at a model call: the only way in which a model is called, for replies and for compaction.
 *
 * Owns: counting recorded failures and deaths, streaming, and recording a failed attempt. The caller records success.
 */
import type { AgentSpec } from "../protocol/agent-spec.ts";
import { nameAttempt } from "../protocol/attempt.ts";
import { entry, isKind, type EntryOf } from "../protocol/entry.ts";
import { OmniForgeError, toFailure, type Failure } from "../protocol/error.ts";
import { factsOf, seesImages } from "../models/model-facts.ts";
import { ModelFailure } from "../models/model-failure.ts";
import { streamReply, type ModelReply } from "../models/stream-reply.ts";
import { withSettings } from "../models/call-settings.ts";
import { modelFamily } from "../models/model-reference.ts";
import { toModelTools, toPrompt } from "../models/to-prompt.ts";
import type { TranscriptItem } from "../protocol/transcript.ts";
import { withFiles } from "./files.ts";
import { totalTokens } from "./load-transcript.ts";
import { notHere } from "./not-here.ts";
import { hasPrice, priced, priceUnknown } from "./price.ts";
import { deathsUntilPoisoned, isPoisoned, nextDelay, waitsUntil } from "./retry.ts";
import { record, refusedStep, type Attempt, type StepResult, type StepWorld } from "./step.ts";
import { deathsOf, failuresOf, type TurnView } from "./turn-view.ts";

export type ModelOutcome =
  | { readonly kind: "replied"; readonly reply: ModelReply; readonly model: string }
  | { readonly kind: "context-full" }
  /** No attempt is left. */
  | { readonly kind: "failed"; readonly error: Failure }
  | Exclude<StepResult<never>, { kind: "done" }>;

export interface ModelRequest {
  readonly view: TurnView;
  readonly key: string;
  readonly spec: AgentSpec;
  readonly items: readonly TranscriptItem[];
  /** Whether bytes of their files lie beside the log. */
  readonly files: boolean;
  readonly offerTools: boolean;
  /** What is wrong with a reply that is no use to its step; another attempt may give one that is. */
  readonly objection?: (reply: ModelReply) => string | undefined;
}

/** Recorded beside the failures of a provider, and none of them. */
const uncounted = new Set<string>(["TASK_LOST", "MODEL_NOT_HERE"]);

export async function modelAttempt(
  world: StepWorld,
  attempt: Attempt,
  request: ModelRequest,
): Promise<ModelOutcome> {
  const { view, key } = request;
  const failures = failuresOf(view, key).filter((one) => !uncounted.has(one.body.error.code));
  if (isPoisoned(deathsOf(view, key))) {
    return {
      kind: "failed",
      error: {
        code: "POISONED",
        message: `step ${key} killed its process ${deathsUntilPoisoned} times running alone`,
      },
    };
  }
  const model = modelToTry(request.spec, failures) ?? request.spec.model;
  const waits = waitsUntil(failures.at(-1), request.spec.modelRetry, world.now());
  if (waits !== undefined) return { kind: "retry", at: waits, code: "MODEL_FAILED" };
  if (!world.models.has(model)) {
    const message = `no process here has the model ${model}`;
    return notHere(world, attempt, view, key, { code: "MODEL_NOT_HERE", message }, model);
  }
  if (view.row.limits.costUsd !== undefined && !hasPrice(world, model)) {
    const unknown = new OmniForgeError("PRICE_UNKNOWN", priceUnknown(model));
    return failedAttempt(world, attempt, request, unknown, { model, failures });
  }
  try {
    const reply = await stream(world, attempt, request, model);
    const wrong = request.objection?.(reply);
    if (wrong !== undefined) throw new ModelFailure(wrong, { retryable: true, usage: reply.usage });
    return { kind: "replied", reply: { ...reply, usage: priced(world, model, reply.usage) }, model };
  } catch (thrown) {
    if (attempt.signal.aborted) return abortedStep(world, attempt);
    if (thrown instanceof ModelFailure && thrown.contextFull) {
      if (totalTokens(thrown.usage) > 0) await recordUsage(world, attempt, key, thrown, model);
      return { kind: "context-full" };
    }
    return failedAttempt(world, attempt, request, thrown, { model, failures });
  }
}

type Failures = readonly EntryOf<"attempt">[];

/** The first model that has an attempt left: a failure that names no next attempt was its model's last. */
function modelToTry(spec: AgentSpec, failures: Failures): string | undefined {
  const spent = new Set(
    failures.filter(({ body }) => body.retryAt === undefined).map(({ body }) => body.model ?? spec.model),
  );
  return [spec.model, ...(spec.fallbackModels ?? [])].find((model) => !spent.has(model));
}

async function stream(
  world: StepWorld,
  attempt: Attempt,
  { view, key, spec, items, files, offerTools }: ModelRequest,
  reference: string,
): Promise<ModelReply> {
  const shown = files ? await withFiles(world.blobs, attempt, items) : items;
  const model = world.models.get(reference);
  const { task, tenant } = attempt;
  const name = nameAttempt(view.row.headSeq, world.nonce());
  const offsets = { text: 0, reasoning: 0 };
  world.publish({ type: "reset", task, key, attempt: name }, tenant);
  const reader = { provider: model.provider, images: seesImages(reference, world.modelFacts) };
  const call = {
    prompt: toPrompt({ ...spec, model: reference }, shown, reader),
    tools: toModelTools(spec),
  };
  const facts = factsOf(reference, world.modelFacts);
  return streamReply(model, withSettings(model.provider, call, { task, offerTools, facts }), {
    signal: attempt.signal,
    timeoutMs: spec.modelTimeoutMs,
    idleTimeoutMs: spec.modelIdleTimeoutMs,
    family: modelFamily(reference),
    now: world.now,
    sleep: world.sleep,
    onDelta(channel, text) {
      const offset = offsets[channel];
      world.publish({ type: "delta", task, key, attempt: name, channel, offset, text }, tenant);
      offsets[channel] += text.length;
    },
  });
}

/** A reply that did not fit any more was paid for all the same. */
async function recordUsage(
  world: StepWorld,
  attempt: Attempt,
  key: string,
  { message, usage }: ModelFailure,
  model: string,
): Promise<void> {
  const body = {
    step: key,
    error: { code: "CONTEXT_FULL", message },
    model,
    usage: priced(world, model, usage),
  };
  await record(world, attempt, [entry("attempt", body)], { key });
}

/** Records the failure: retried while the policy allows, then by the next fallback model, else final. */
async function failedAttempt(
  world: StepWorld,
  attempt: Attempt,
  { key, spec }: ModelRequest,
  thrown: unknown,
  { model, failures }: { readonly model: string; readonly failures: Failures },
): Promise<ModelOutcome> {
  const known = thrown instanceof ModelFailure ? thrown : undefined;
  const retryable = known?.retryable ?? false;
  const error = toFailure(thrown, retryable ? "MODEL_FAILED" : "MODEL_REFUSED");
  const before = failures.filter(({ body }) => (body.model ?? spec.model) === model).length;
  const delay = retryable ? nextDelay(spec.modelRetry, before + 1, known?.retryAfterMs) : undefined;
  const retryAt = delay === undefined ? undefined : world.now() + delay;
  const body = {
    step: key,
    error,
    model,
    ...(known && { usage: priced(world, model, known.usage) }),
    ...(retryAt !== undefined && { retryAt }),
  };
  const result = await record(world, attempt, [entry("attempt", body)], { key });
  if (result.kind === "ended" || result.kind === "lost" || result.kind === "missing")
    return refusedStep(result);
  if (retryAt !== undefined) return { kind: "retry", at: retryAt, code: error.code };
  const spent =
    result.kind === "committed" ? [...failures, ...result.entries.filter(isKind("attempt"))] : failures;
  return modelToTry(spec, spent) === undefined
    ? { kind: "failed", error }
    : { kind: "retry", at: world.now(), code: error.code };
}

/** Why an attempt was aborted is what the log says: a cancel, or else its process wants to stop. */
export async function abortedStep(
  world: StepWorld,
  attempt: Attempt,
): Promise<Extract<StepResult<never>, { kind: "canceled" | "stopped" }>> {
  const row = await world.store.row(attempt);
  if (row?.endedSeq !== null) return { kind: "stopped", why: row === undefined ? "missing" : "ended" };
  return row.cancelSeq === null ? { kind: "stopped", why: "aborted" } : { kind: "canceled" };
}
