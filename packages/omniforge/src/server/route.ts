/**
 * How a route is declared: once. The OpenAPI document, authorization, validation and the tests' matrix of tenants are all
 * derived from this declaration, so that none of them can forget a route.
 */
import type { Hono } from "hono";
import { z } from "zod";
import type { OmniForge } from "../create-omniforge.ts";
import { OmniForgeError } from "../protocol/error.ts";
import { mayActAs, type Role } from "../protocol/role.ts";
import type { Caller } from "./caller.ts";
import type { ServerContext, ServerEnv } from "./env.ts";
import { readBody, type BodySchemas } from "./read-body.ts";

export type Method = "get" | "post" | "delete";

/** What one status answers with. Without a schema: no body. */
export interface Answer {
  readonly description: string;
  /** By media type. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route says of itself. `{name}` in the path names a parameter. */
export interface RouteFacts {
  readonly method: Method;
  readonly path: string;
  /** Unique: the operation's name in the document. */
  readonly operation: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** The least role that may call it; `anyone`: without a credential. */
  readonly role: Role | "anyone";
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly headers: z.ZodObject;
  readonly body: BodySchemas | undefined;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Error codes that it may answer with, beside those that every route may. */
  readonly problems: readonly string[];
}

export interface Route extends RouteFacts {
  readonly perform: (context: ServerContext) => Promise<Response>;
}

/** A request that fits its declaration. */
export interface ApiRequest<Params, Query, Headers, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
  readonly caller: Caller;
  readonly forge: OmniForge;
  readonly context: ServerContext;
}

const none = z.object({});

type Declared<P extends z.ZodObject, Q extends z.ZodObject, H extends z.ZodObject, B> = Pick<
  RouteFacts,
  "method" | "path" | "operation" | "summary" | "tag" | "role" | "answers"
> & {
  readonly description?: string;
  readonly params?: P;
  readonly query?: Q;
  readonly headers?: H;
  readonly body?: BodySchemas<B>;
  readonly problems?: readonly string[];
};

/** Declares a route. Its handler gets only what fits the schemas. */
export function route<
  P extends z.ZodObject = typeof none,
  Q extends z.ZodObject = typeof none,
  H extends z.ZodObject = typeof none,
  B = undefined,
>(
  declared: Declared<P, Q, H, B>,
  handle: (request: ApiRequest<z.infer<P>, z.infer<Q>, z.infer<H>, B>) => Response | Promise<Response>,
): Route {
  const { params, query, headers, body, problems = [], ...facts } = declared;
  return {
    ...facts,
    params: params ?? none,
    query: query ?? none,
    headers: headers ?? none,
    body,
    problems,
    async perform(context) {
      // By name: `var` copies all of them each time.
      const [caller, forge] = [context.get("caller"), context.get("forge")];
      return handle({
        params: fit(params, context.req.param(), "path"),
        query: fit(query, context.req.query(), "query"),
        headers: fit(headers, headersOf(context, headers), "header"),
        body: (body === undefined ? undefined : await readBody(context.req.raw, body)) as B,
        caller,
        forge,
        context,
      });
    },
  };
}

/** Those that are declared: to make a list of all of them costs more than the rest of a small request. */
function headersOf({ req }: ServerContext, declared: z.ZodObject = none): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of Object.keys(declared.shape)) {
    const value = req.header(name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** Throws INVALID_INPUT, naming the field. */
function fit<S extends z.ZodObject>(schema: S | undefined, given: unknown, where: string): z.infer<S> {
  if (schema === undefined) return {} as z.infer<S>;
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new OmniForgeError("INVALID_INPUT", `${where}: ${z.prettifyError(parsed.error)}`);
}

/** Mounts routes: who may not call them is refused before anything of the request is read. */
export function mountRoutes(app: Hono<ServerEnv>, routes: readonly Route[]): void {
  for (const one of routes) {
    app.on(one.method, honoPath(one.path), (context) => {
      const { role } = one;
      context.set("operation", one.operation);
      if (role !== "anyone") checkRole(one.operation, role, context.get("caller"));
      return one.perform(context);
    });
  }
}

/** Throws FORBIDDEN. */
function checkRole(operation: string, role: Role, caller: Caller): void {
  if (mayActAs(caller.role, role)) return;
  const message = `${operation} needs the role ${role}, and this key has ${caller.role}`;
  throw new OmniForgeError("FORBIDDEN", message);
}

/** The methods under which there is something at a path. */
export function methodsOf(routes: readonly Route[], path: string): readonly string[] {
  const found = routes
    .filter((one) => shapeOf(one.path).test(path))
    .map(({ method }) => method.toUpperCase());
  return [...new Set(found)];
}

function shapeOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/[.]/g, "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}

/** `{task}` is `:task` there. */
export function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}
