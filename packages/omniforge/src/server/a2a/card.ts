/** An agent's card: what it is, where it is spoken to, and what this server can do. Tools and instructions stay inside. */
import type { Agent } from "../../agents/define-agent.ts";
import { hashOf } from "../../store/blob-store.ts";
import { inputsExtension } from "./extension.ts";
import { inputModes } from "./parts-in.ts";
import type { AgentCard, AgentSkill } from "./sdk.ts";

export interface CardFacts {
  /** Where the server is reached: scheme and host. */
  readonly origin: string;
  /** Whether a key is needed. */
  readonly secured: boolean;
  /** The model of agents that name none. */
  readonly model: string;
}

export function agentCard(agent: Agent, { origin, secured, model }: CardFacts): AgentCard {
  const { name, definition } = agent;
  const { description = `The agent ${name}.`, skills = [] } = definition;
  const url = `${origin}/a2a/${encodeURIComponent(name)}`;
  const speaks = { url, protocolVersion: "1.0", tenant: "" };
  return {
    name,
    description,
    // Another definition is another version.
    version: hashOf(JSON.stringify(agent.specSet(model))).slice(0, 23),
    supportedInterfaces: [
      { ...speaks, protocolBinding: "JSONRPC" },
      { ...speaks, protocolBinding: "HTTP+JSON" },
    ],
    provider: undefined,
    capabilities: {
      streaming: true,
      pushNotifications: false,
      extendedAgentCard: false,
      extensions: [
        {
          uri: inputsExtension,
          description:
            "Requests to people are described by data parts of the status message, and may be answered by the metadata of a message.",
          required: false,
          params: undefined,
        },
      ],
    },
    securitySchemes: secured
      ? {
          key: {
            scheme: {
              $case: "httpAuthSecurityScheme",
              value: { scheme: "Bearer", bearerFormat: "", description: "An API key of this server." },
            },
          },
        }
      : {},
    securityRequirements: secured ? [{ schemes: { key: { list: [] } } }] : [],
    defaultInputModes: [...inputModes],
    defaultOutputModes: ["text/plain", "application/json"],
    skills: [skill(name, description), ...skills.map((one) => skill(one, `The skill ${one}.`))],
    signatures: [],
  };
}

function skill(id: string, description: string): AgentSkill {
  return {
    id,
    name: id,
    description,
    tags: ["agent"],
    examples: [],
    inputModes: [],
    outputModes: [],
    securityRequirements: [],
  };
}
