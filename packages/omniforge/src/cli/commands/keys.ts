/** `omniforge keys`: who may come in at a server of this data directory. A running server heeds it at once. */
import type { Role } from "../../protocol/role.ts";
import { OmniForgeError } from "../../protocol/error.ts";
import { drawKey, readKey } from "../../server/auth/api-key.ts";
import type { ApiKey, KeyStore } from "../../store/key-store.ts";
import { exitCodes, UsageError, type ExitCode } from "../exit-code.ts";
import { openForge } from "../open-forge.ts";
import { durationText } from "../view/call-text.ts";
import { openOutput } from "../view/output.ts";
import { createScreen, type Screen } from "../view/screen.ts";
import { showTable } from "../view/table.ts";
import { jsonLine } from "../view/visible.ts";

export interface KeysChoice {
  readonly json?: boolean;
  readonly data?: string;
}

export interface CreateKeyChoice extends KeysChoice {
  readonly tenant: string;
  readonly role: Role;
  readonly name: string;
  /** Days until it expires. */
  readonly days?: number;
}

const dayMs = 86_400_000;
/** As agents are named: tenants become folder names and metric labels. */
const tenantShape = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** Creates a key and shows it, this once. */
export async function createKey(choice: CreateKeyChoice): Promise<ExitCode> {
  const { tenant, role, days, json } = choice;
  const name = choice.name.trim();
  if (!tenantShape.test(tenant))
    throw new UsageError("a tenant's name has letters, digits, '.', '-' and '_', at most 64");
  if (name === "" || name.length > 200) throw new UsageError("the key's name has 1 to 200 characters");
  return withKeys(choice, async (keys) => {
    const createdAt = Date.now();
    const expiresAt = days === undefined ? undefined : createdAt + days * dayMs;
    const about = { name, tenant, role, createdAt, ...(expiresAt !== undefined && { expiresAt }) };
    const { text, stored } = drawKey(about);
    const first = await keys.isEmpty();
    await keys.add(stored);
    const output = openOutput(process.stdout);
    if (json === true) {
      output.write(`${jsonLine({ type: "key", key: { id: stored.id, ...about }, text })}\n`);
      return exitCodes.done;
    }
    const screen = createScreen(output);
    screen.line([`Key ${stored.id} lets its owner in as ${role} of the tenant ${tenant}.`]);
    screen.line(["It is shown this once, and kept nowhere:"]);
    screen.line();
    screen.line([`  ${text}`]);
    screen.line();
    screen.line(["The commands take it from OMNIFORGE_API_KEY, a server as Authorization: Bearer <key>."]);
    if (first) screen.line(["From now on nobody comes in at a server of this data directory without a key."]);
    return exitCodes.done;
  });
}

/** Lists keys, oldest first; nothing that is shown lets anybody in. */
export function listKeys(choice: KeysChoice): Promise<ExitCode> {
  return withKeys(choice, async (keys) => {
    const output = openOutput(process.stdout);
    const all = await keys.list();
    if (choice.json === true) for (const key of all) output.write(`${jsonLine({ type: "key", key })}\n`);
    else showKeys(createScreen(output), all, Date.now());
    return exitCodes.done;
  });
}

/** Revokes for ever; a server that runs refuses the key from now on, and ends its streams. */
export function revokeKey(typed: string, choice: KeysChoice): Promise<ExitCode> {
  return withKeys(choice, async (keys) => {
    const id = readKey(typed)?.id ?? typed;
    const key = await keys.revoke(id, Date.now());
    if (key === undefined)
      throw new OmniForgeError(
        "KEY_NOT_FOUND",
        `there is no key ${readKey(typed) === undefined ? id : "like this"}`,
      );
    const output = openOutput(process.stdout);
    output.write(
      choice.json === true
        ? `${jsonLine({ type: "key", key })}\n`
        : `Key ${key.id} (${key.name}) is revoked.\n`,
    );
    return exitCodes.done;
  });
}

/** The keys lie in the data directory, whatever engine its tasks run on. */
async function withKeys({ data }: KeysChoice, act: (keys: KeyStore) => Promise<ExitCode>): Promise<ExitCode> {
  const { forge, close } = await openForge({ data, backend: "in-process", work: false });
  try {
    return await act(forge.keys);
  } finally {
    await close();
  }
}

function showKeys(screen: Screen, keys: readonly ApiKey[], now: number): void {
  if (keys.length === 0)
    return screen.line(["There are no keys: a server of this data directory listens to this machine only."]);
  const ago = (at: number | undefined): string =>
    at === undefined ? "never" : `${durationText(Math.max(0, now - at))} ago`;
  showTable(
    screen,
    ["ID", "STATE", "TENANT", "ROLE", "CREATED", "USED", "NAME"],
    keys.map((key) => [
      key.id,
      stateOf(key, now),
      key.tenant,
      key.role,
      ago(key.createdAt),
      ago(key.usedAt),
      key.name,
    ]),
    (text, column) => (column === 1 && text !== "valid" ? "red" : undefined),
  );
}

function stateOf({ revokedAt, expiresAt }: ApiKey, now: number): string {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && now >= expiresAt ? "expired" : "valid";
}
