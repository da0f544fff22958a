/**
 * Where the database is: `postgres://user:password@host:port/database?schema=name`.
 *
 * Owns: what of it may be shown (never the password), and which schema the tables are in.
 */
import { OmniForgeError } from "../../protocol/error.ts";
import { noteSecret } from "../../redaction/known-secrets.ts";

export interface Address {
  /** For the driver. */
  readonly connectionString: string;
  readonly schema: string;
  /** Settings of the session that the address names itself. */
  readonly options: string;
  /** For people: no password, no parameters. */
  readonly shown: string;
}

const defaultSchema = "omniforge";
const schemaShape = /^[a-z_][a-z0-9_]{0,47}$/;

/** Throws INVALID_INPUT. */
export function readAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["postgres:", "postgresql:"].includes(url.protocol))
    throw new OmniForgeError(
      "INVALID_INPUT",
      "the database's address has the form postgres://user:password@host:5432/database",
    );
  const schema = url.searchParams.get("schema") ?? defaultSchema;
  if (!schemaShape.test(schema))
    throw new OmniForgeError(
      "INVALID_INPUT",
      `the database's schema ${JSON.stringify(schema)} is no name: a to z, digits and _, at most 48, no digit first`,
    );
  const options = url.searchParams.get("options") ?? "";
  noteSecret(decoded(url.password));
  noteSecret(url.searchParams.get("password") ?? undefined);
  for (const own of ["schema", "options"]) url.searchParams.delete(own);
  const host = url.host === "" ? (url.searchParams.get("host") ?? "localhost") : url.host;
  const user = url.username === "" ? "" : `${decoded(url.username)}@`;
  const shown = `${url.protocol}//${user}${host}${decoded(url.pathname)}${schema === defaultSchema ? "" : ` (schema ${schema})`}`;
  return { connectionString: url.href, schema, options, shown };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that encodes nothing stands for itself.
    return text;
  }
}
