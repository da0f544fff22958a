/** Our settings in the words that the providers' packages share. */
import type { ProviderSettings } from "./provider-module.ts";

export interface PackageOptions {
  apiKey?: string;
  baseURL?: string;
  headers?: Record<string, string>;
}

export function optionsOf({ apiKey, baseUrl, headers }: ProviderSettings): PackageOptions {
  return {
    ...(apiKey !== undefined && { apiKey }),
    ...(baseUrl !== undefined && { baseURL: baseUrl.replace(/\/+$/, "") }),
    ...(headers !== undefined && { headers: { ...headers } }),
  };
}
