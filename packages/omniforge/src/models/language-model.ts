/**
 * The only module that names the AI SDK's provider package: what a model is, for the rest of OmniForge.
 *
 * Providers implement `LanguageModelV4`; only its `doStream` is called, by `steps/call-model.ts` through
 * `stream-reply.ts`. The package's majors move about once a year; everything else imports from here.
 */
export type {
  LanguageModelV4 as LanguageModel,
  LanguageModelV4CallOptions as ModelCallOptions,
  LanguageModelV4FunctionTool as ModelTool,
  LanguageModelV4Message as ModelMessage,
  LanguageModelV4Prompt as ModelPrompt,
  LanguageModelV4StreamPart as ModelStreamPart,
  LanguageModelV4StreamResult as ModelStreamResult,
  LanguageModelV4ToolResultOutput as ModelToolOutput,
  LanguageModelV4Usage as ModelUsage,
} from "@ai-sdk/provider";
export { AISDKError, APICallError } from "@ai-sdk/provider";
