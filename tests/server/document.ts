/** The document as a test reads it: its operations, and a check of any body against what it says. */
import { z } from "zod";

type Schema = Record<string, unknown>;

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly body: Readonly<Record<string, Schema>>;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

export interface Document {
  readonly operations: readonly Operation[];
  readonly schemas: Readonly<Record<string, Schema>>;
  /** What is wrong with an answer of this operation; undefined: it is as the document says. */
  readonly flawOf: (
    operation: Operation,
    status: number,
    mediaType: string | undefined,
    body: string,
  ) => string | undefined;
}

interface Raw {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          Omit<Operation, "method" | "path" | "body"> & {
            readonly requestBody?: { readonly content: Record<string, { schema: Schema }> };
          }
        >
      >
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export function readDocument(raw: unknown): Document {
  const { paths, components } = raw as Raw;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody, ...operation }]) => ({
      ...operation,
      method,
      path,
      body: Object.fromEntries(
        Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => [type, schema]),
      ),
    })),
  );
  const defs = local(components.schemas) as Record<string, Schema>;
  const checks = new Map<string, z.ZodType>();
  const check = (name: string, schema: Schema): z.ZodType => {
    const known = checks.get(name) ?? z.fromJSONSchema({ ...(local(schema) as Schema), $defs: defs });
    checks.set(name, known);
    return known;
  };
  return {
    operations,
    schemas: components.schemas,
    flawOf(operation, status, mediaType, body) {
      const answer = operation.responses[String(status)];
      if (answer === undefined) return `the status ${status} is not in the document`;
      if (answer.content === undefined) return body === "" ? undefined : "there should be no body";
      const schema = answer.content[mediaType ?? ""]?.schema;
      if (schema === undefined) return `the type ${mediaType} is not in the document`;
      if (mediaType?.endsWith("json") !== true) return undefined;
      const parsed = check(`${operation.operationId} ${status}`, schema).safeParse(JSON.parse(body));
      return parsed.success ? undefined : z.prettifyError(parsed.error);
    },
  };
}

/** References as a schema on its own has them. */
function local(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(local);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === "$ref" ? String(member).replace("#/components/schemas/", "#/$defs/") : local(member),
    ]),
  );
}
