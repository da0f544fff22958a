/** A server with two tenants, a key of each role for both, and tasks in every state that a route is about. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOmniForge, defineAgent, defineTool, type OmniForge, type OmniForgeOptions } from "omniforge";
import { roles, type Role } from "omniforge/protocol";
import { scriptedModel, type Script } from "omniforge/testing";
import { z } from "zod";
import { drawKey } from "../../packages/omniforge/src/server/auth/api-key.ts";
import {
  authenticateByKey,
  createServer,
  endWithKey,
  limitRate,
  type ServerOptions,
} from "../../packages/omniforge/src/server/index.ts";

export const pay = defineTool({
  name: "pay",
  description: "Pays.",
  parameters: z.object({ amount: z.number() }),
  effects: "once",
  needsApproval: true,
  execute: () => "paid",
});

export const clerk = defineAgent({
  name: "clerk",
  description: "Pays what is asked.",
  instructions: "Pay.",
  model: "scripted:test",
  tools: [pay],
});

/** Pays where it is told to, and otherwise answers with a file's worth of what was said. */
const script: Script = ({ said, results }) => {
  if (results.length > 0) return { text: "Paid." };
  return said[0]?.startsWith("pay") === true
    ? { calls: [{ name: "pay", arguments: { amount: 1 } }] }
    : { text: `You said: ${said.at(-1) ?? ""}` };
};

export interface AuthStage extends AsyncDisposable {
  readonly forge: OmniForge;
  readonly app: ReturnType<typeof createServer>;
  /** The header of a tenant's key of this role. */
  readonly key: (tenant: string, role: Role) => string;
  readonly addKey: (about: {
    tenant: string;
    role: Role;
    expiresAt?: number;
  }) => Promise<{ id: string; header: string }>;
}

export async function openAuthStage(
  tenants: readonly string[],
  more: Partial<OmniForgeOptions> & { readonly server?: ServerOptions } = {},
): Promise<AuthStage> {
  const { server, ...options } = more;
  const folder = mkdtempSync(join(tmpdir(), "omniforge-auth-"));
  const forge = await createOmniForge({
    dataDirectory: folder,
    agents: [clerk],
    models: { "scripted:test": scriptedModel(script) },
    model: "scripted:test",
    durability: "process",
    ...options,
  });
  const keys = new Map<string, string>();
  const addKey: AuthStage["addKey"] = async (about) => {
    const { text, stored } = drawKey({ name: "test", createdAt: Date.now(), ...about });
    await forge.keys.add(stored);
    return { id: stored.id, header: `Bearer ${text}` };
  };
  for (const tenant of tenants)
    for (const role of roles) keys.set(`${tenant} ${role}`, (await addKey({ tenant, role })).header);
  const app = createServer(forge, {
    authenticate: authenticateByKey(forge.keys, { failures: { quota: 1_000_000, windowSeconds: 1 } }),
    guards: [limitRate({ quota: 1_000_000, windowSeconds: 1 }), endWithKey(forge.keys)],
    ...server,
  });
  return {
    forge,
    app,
    key: (tenant, role) => keys.get(`${tenant} ${role}`) ?? "",
    addKey,
    async [Symbol.asyncDispose]() {
      await forge.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
