/** Our settings in the words that the providers' packages share. */
import type { ProviderSettings } from "./provider-module.ts";

export interface PackageOptions {
  apiKey?: string;
  baseURL?: string;
  headers?: Record<string, string>;
  fetch?: typeof globalThis.fetch;
}

export function optionsOf({ apiKey, baseUrl, headers, fetch }: ProviderSettings): PackageOptions {
  return {
    ...(apiKey !== undefined && { apiKey }),
    ...(baseUrl !== undefined && { baseURL: baseUrl.replace(/\/+$/, "") }),
    ...(headers !== undefined && { headers: { ...headers } }),
    ...(fetch !== undefined && { fetch }),
  };
}
