/**
 * Schemas of arguments and answers: any Standard Schema that can say itself as JSON Schema, or a JSON Schema itself.
 *
 * Owns: turning a schema into the JSON Schema that an agent spec pins, and checking a value against either.
 */
import { z } from "zod";
import { messageOf, OmniForgeError } from "../protocol/error.ts";
import { json, type Json } from "../protocol/json.ts";

/** The part of the Standard Schema specification (standardschema.dev, v1) that is used here. */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly jsonSchema?: {
      readonly input: (options: { target: "draft-2020-12" }) => Record<string, unknown>;
    };
  };
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly unknown[] | undefined;
      }[];
    };

export type JsonSchema = { readonly [key: string]: Json };

export type Schema<Output> = StandardSchema<Output> | JsonSchema;

function isStandard<Output>(schema: Schema<Output>): schema is StandardSchema<Output> {
  return "~standard" in schema;
}

/** The JSON Schema (2020-12) of what is put in. Throws INVALID_AGENT where the schema can't say it, or can't be checked. */
export function toJsonSchema<Output>(schema: Schema<Output>): Json {
  if (!isStandard(schema)) {
    compiled(schema);
    return json.parse(schema);
  }
  const standard = schema["~standard"];
  const written =
    schema instanceof z.ZodType
      ? z.toJSONSchema(schema, { io: "input", target: "draft-2020-12" })
      : standard.jsonSchema?.input({ target: "draft-2020-12" });
  if (written === undefined) {
    throw new OmniForgeError(
      "INVALID_AGENT",
      `a schema of ${standard.vendor} can't be written as JSON Schema; pass a JSON Schema instead`,
    );
  }
  const { $schema: _dialect, ...rest } = written;
  return json.parse(JSON.parse(JSON.stringify(rest)));
}

/** The value as the schema's output. Throws INVALID_INPUT with every issue, INVALID_AGENT where the schema is wrong. */
export async function validate<Output>(schema: Schema<Output>, value: unknown): Promise<Output> {
  const standard: StandardSchema<Output> = isStandard(schema) ? schema : compiled(schema);
  const result = await standard["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  throw new OmniForgeError(
    "INVALID_INPUT",
    result.issues.map((issue) => `${pathOf(issue.path)}${issue.message}`).join("; "),
  );
}

function pathOf(path: readonly unknown[] | undefined): string {
  if (path === undefined || path.length === 0) return "";
  return `${path.map((segment) => (typeof segment === "object" && segment !== null && "key" in segment ? String(segment.key) : String(segment))).join(".")}: `;
}

const known = new WeakMap<object, unknown>();

/** A JSON Schema made executable, once. */
function compiled<Output>(schema: JsonSchema): StandardSchema<Output> {
  const compiledBefore = known.get(schema);
  if (compiledBefore !== undefined) return compiledBefore as StandardSchema<Output>;
  try {
    const made = z.fromJSONSchema(schema);
    known.set(schema, made);
    return made as StandardSchema<Output>;
  } catch (cause) {
    const why = messageOf(cause);
    throw new OmniForgeError("INVALID_AGENT", `a JSON Schema that can't be checked: ${why}`, { cause });
  }
}
