/** The document: OpenAPI 3.1, made of the route table and the schemas, so that it says what the server does. */
import { z } from "zod";
import { errorTable, type ErrorCode } from "../protocol/error.ts";
import { named, shapes } from "./shapes.ts";
import { problem } from "./problem.ts";
import type { Route } from "./route.ts";

type Schema = Record<string, unknown>;

named("Problem", problem);

/** Problems that every route may answer with, if it has what they are about. */
function problemsOf(route: Route): readonly string[] {
  return [
    "INVALID_INPUT",
    ...(route.role === "anyone" ? [] : ["UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED"]),
    ...(route.body === undefined ? [] : ["BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]),
    ...route.problems,
    "HOST_REFUSED",
    "INTERNAL",
    "CLOSED",
  ];
}

/** Makes the document of these routes. */
export function openApi(routes: readonly Route[], version: string): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const one of routes) (paths[one.path] ??= {})[one.method] = operation(one);
  return {
    openapi: "3.1.0",
    info: {
      title: "OmniForge",
      version,
      description: "AI agents that run durably. Errors are problems (RFC 9457) with a stable `code`.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "An API key: `omniforge keys create`." },
      },
    },
  };
}

function operation(route: Route): Schema {
  const { operation: operationId, summary, description, tag, role, body } = route;
  return {
    operationId,
    summary,
    ...(description !== undefined && { description }),
    tags: [tag],
    security: role === "anyone" ? [] : [{}, { key: [] }],
    ...(role !== "anyone" && { "x-least-role": role }),
    parameters: [
      ...parameters(route.params, "path"),
      ...parameters(route.query, "query"),
      ...parameters(route.headers, "header"),
    ],
    ...(body && {
      requestBody: { required: !("optional" in body), content: contentOf(body.content, "input") },
    }),
    responses: { ...answers(route), ...problemAnswers(problemsOf(route)) },
  };
}

function parameters(object: z.ZodObject, place: "path" | "query" | "header"): Schema[] {
  const whole = inline(object, "input");
  const required = new Set(Array.isArray(whole["required"]) ? whole["required"] : []);
  return Object.entries((whole["properties"] ?? {}) as Record<string, Schema>).map(([name, found]) => {
    const { description, ...schema } = found;
    return {
      name,
      in: place,
      required: place === "path" || (required.has(name) && !("default" in schema)),
      ...(description !== undefined && { description }),
      schema,
    };
  });
}

function answers({ answers: declared }: Route): Schema {
  return Object.fromEntries(
    Object.entries(declared).map(([status, { description, content, headers }]) => [
      status,
      {
        description,
        ...(content && { content: contentOf(content, "output") }),
        ...(headers && {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, about]) => [
              name,
              { description: about, schema: { type: "string" } },
            ]),
          ),
        }),
      },
    ]),
  );
}

function problemAnswers(codes: readonly string[]): Schema {
  const byStatus = new Map<number, string[]>();
  for (const code of new Set(codes)) {
    const { status } = errorTable[code as ErrorCode];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.join(", "),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}

function contentOf(content: Readonly<Record<string, z.ZodType>>, io: "input" | "output"): Schema {
  return Object.fromEntries(
    Object.entries(content).map(([mediaType, schema]) => [
      mediaType,
      { schema: mediaType.endsWith("json") ? inline(schema, io) : { type: "string" } },
    ]),
  );
}

const uri = (id: string): string => `#/components/schemas/${id}`;

function components(): Schema {
  const { schemas } = z.toJSONSchema(registryOf(shapes), { uri, unrepresentable: "any", io: "input" });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]));
}

/** One schema, naming the components that it is made of. */
function inline(schema: z.ZodType, io: "input" | "output"): Schema {
  const own = shapes.get(schema);
  if (own !== undefined) return { $ref: uri(own) };
  const registry = registryOf(new Map([...shapes, [schema, "it"]]));
  const { schemas } = z.toJSONSchema(registry, { uri, unrepresentable: "any", io });
  return bare(schemas["it"] ?? {});
}

function registryOf(schemas: ReadonlyMap<z.ZodType, string>): z.core.$ZodRegistry<{ id: string }> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of schemas) registry.add(schema, { id });
  return registry;
}

function bare(schema: object): Schema {
  const { $schema: _dialect, $id: _id, id: _name, ...rest } = schema as Schema;
  return rest;
}
