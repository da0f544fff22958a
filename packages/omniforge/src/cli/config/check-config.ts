/** Whether what a config file exports is a configuration, and which of its keys are wrong. */
import { z } from "zod";
import type { Agent } from "../../agents/define-agent.ts";
import type { OmniForgeConfig } from "../../define-config.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { modelFacts } from "../../models/model-facts.ts";
import { messageOf } from "../../protocol/error.ts";
import { hiddenFields } from "../../redaction/fields.ts";
import { compileRules } from "../../tools/builtin/shell/rules.ts";
import type { Tool } from "../../tools/tool.ts";
import { temporalShape } from "./temporal-shape.ts";

/** A key that is wrong: where it stands, and why. */
export interface Wrong {
  readonly path: readonly (string | number)[];
  readonly why: string;
}

const agent = z.custom<Agent>(
  (value) => has(value, "specSet") && has(value, "definition") && has(value, "name"),
  "is no agent; defineAgent makes one",
);
const tool = z.custom<Tool>(
  (value) => has(value, "execute") && has(value, "spec"),
  "is no tool; defineTool makes one",
);
const model = z.custom<LanguageModel | ((name: string) => LanguageModel)>(
  (value) => typeof value === "function" || has(value, "doStream"),
  "is no model; createProvider makes them",
);

const rules = z.strictObject({
  allow: z.array(z.string()).optional(),
  deny: z.array(z.string()).optional(),
});

const shape = z.strictObject({
  agents: z
    .array(agent)
    .superRefine((agents, context) => {
      for (const [index, { name }] of agents.entries())
        if (agents.findIndex((other) => other.name === name) !== index)
          context.addIssue({ code: "custom", path: [index], message: `is a second agent named ${name}` });
    })
    .optional(),
  tools: z.array(tool).optional(),
  models: z.record(z.string(), model).optional(),
  model: z
    .string()
    .regex(/^[^\s:]+:\S+$/, "is no reference to a model; it has the form provider:model")
    .optional(),
  backend: z.enum(["in-process", "temporal"]).optional(),
  temporal: temporalShape.optional(),
  dataDirectory: z.string().min(1).optional(),
  workspace: z.string().min(1).optional(),
  database: z
    .string()
    .regex(/^postgres(?:ql)?:\/\//, "is no address of the form postgres://user:password@host/database")
    .optional(),
  redis: z
    .string()
    .regex(/^rediss?:\/\//, "is no address of the form redis://user:password@host:6379")
    .optional(),
  durability: z.enum(["power", "process"]).optional(),
  rules: rules
    .superRefine((given, context) => {
      try {
        compileRules(toRules(given));
      } catch (thrown) {
        context.addIssue({ code: "custom", message: messageOf(thrown) });
      }
    })
    .optional(),
  redact: z
    .array(z.string().min(1))
    .superRefine((fields, context) => {
      for (const [index, field] of fields.entries()) {
        try {
          hiddenFields([field]);
        } catch (thrown) {
          context.addIssue({ code: "custom", path: [index], message: messageOf(thrown) });
        }
      }
    })
    .optional(),
  retention: z.strictObject({ endedTasksDays: z.number().positive() }).optional(),
  rateLimit: z.strictObject({ quota: z.int().positive(), windowSeconds: z.number().positive() }).optional(),
  modelFacts: z.record(z.string(), modelFacts).optional(),
});

/** The configuration, or everything that is wrong with it. */
export function checkConfig(
  value: unknown,
): { readonly config: OmniForgeConfig } | { readonly wrong: readonly Wrong[] } {
  const parsed = shape.safeParse(value);
  if (!parsed.success) return { wrong: parsed.error.issues.flatMap(toWrong) };
  const { rules: given, ...rest } = parsed.data;
  return { config: { ...defined(rest), ...(given !== undefined && { rules: toRules(given) }) } };
}

function toRules({ allow, deny }: z.infer<typeof rules>): NonNullable<OmniForgeConfig["rules"]> {
  return { ...(allow !== undefined && { allow }), ...(deny !== undefined && { deny }) };
}

/** Without the keys that are there and undefined. */
function defined(config: {
  [K in keyof OmniForgeConfig]: OmniForgeConfig[K] | undefined;
}): OmniForgeConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

function toWrong(issue: z.core.$ZodIssue): Wrong[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...path, key], why: "is not known" }));
  return [{ path, why: issue.message }];
}

function has(value: unknown, key: string): boolean {
  return typeof value === "object" && value !== null && key in value;
}
