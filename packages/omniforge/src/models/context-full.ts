/**
 * Whether an error says that the transcript does not fit the model: providers share no code for it, only wordings.
 *
 * Each row names who says so. A row must not match a rate limit, nor a wrong `max_tokens` that compaction can't cure.
 */
const wordings: readonly RegExp[] = [
  // OpenAI, DeepSeek, OpenRouter, vLLM, Groq: "This model's maximum context length is 128000 tokens. However, …"
  /maximum context length/i,
  // OpenAI and Groq, as a code; llama.cpp: "exceed_context_size_error"
  /context_length_exceeded|exceed_context_size|model_context_window_exceeded/i,
  // OpenAI Responses: "Your input exceeds the context window of this model."
  /exceeds? (the|model|this model's) context (window|length|limit)/i,
  // Anthropic: "prompt is too long: 210000 tokens > 200000 maximum"; Bedrock: "Input is too long for requested model."
  /prompt is too long|input is too long/i,
  // Anthropic: "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"
  /input length and .{0,20}exceed context limit/i,
  // Anthropic: the request's bytes, not its tokens
  /request_too_large|request exceeds the maximum (allowed )?(size|number of bytes)/i,
  // Google: "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575)."
  /input token count.{0,60}exceeds the maximum/is,
  // xAI: "This model's maximum prompt length is 131072 but the request contains 537812 tokens."
  /maximum prompt length is \d+/i,
  // vLLM: "The decoder prompt (length 5000) is longer than the maximum model length of 4096."
  /longer than the maximum model length/i,
  // llama.cpp: "the request exceeds the available context size"
  /exceeds the available context size/i,
  // LM Studio: "… greater than the context length", "… context length of only 4096 tokens"
  /greater than the context length|loaded with context length of only/i,
  // Ollama and others: "input length exceeds the context length"
  /(input|prompt) (length )?exceeds (the )?(model's )?(maximum )?context/i,
  // Mistral: "Prompt contains 40000 tokens … too large for model with 32768 maximum context length"
  /too large for model with \d+/i,
  // Groq: "Please reduce the length of the messages or completion."
  /reduce the length of the (messages|prompt|input)/i,
  // Moonshot: "Your request exceeded model token limit: 262144"
  /exceeded model token limit/i,
  // GitHub Models and Copilot: "prompt token count of 140000 exceeds the limit of 128000"
  /(prompt )?token count of \d+ exceeds the limit/i,
  // Cohere: "too many tokens: …"
  /^\s*too many tokens/i,
];

/** OpenAI, 429: one request above a minute's tokens. No waiting makes it fit. */
const aboveTheMinute = /request too large for .{1,200}tokens per min/is;

/** Statuses that are about something else, whatever their text says. */
const unrelated = new Set([401, 402, 403, 404]);

/** Whether an error with this status (none: the stream said it) and text means that the context is full. */
export function saysContextFull(status: number | undefined, text: string): boolean {
  if (status !== undefined && unrelated.has(status)) return false;
  if (status === 429) return aboveTheMinute.test(text);
  return wordings.some((wording) => wording.test(text));
}
