import { SIMULATED_LOCAL_MODEL } from "./simulated-ollama.ts";
import { SIMULATED_CLOUD_MODEL, SIMULATED_KEY } from "./simulated-openai.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export const DEMO_KEYWORDS = ["confidential", "iban", "password"] as const;

type Upstreams = { readonly ollamaUrl: string; readonly openaiUrl: string };

/**
 * The user's own environment, except that the providers are always the simulated ones and the database a scratch one:
 * whatever key, server or database is set, the demo neither uses nor reaches it.
 */
export function demoEnvironment(env: Environment, upstreams: Upstreams, scratchDir: string): Environment {
  return {
    ...env,
    // Rows of a demo have no place among real ones.
    DATA_DIR: scratchDir,
    DATABASE_URL: undefined,
    AUDIT_LOG_KEY: undefined,
    AUDIT_LOG_KEY_FILE: undefined,
    AUDIT_CHECKPOINT_FILE: undefined,
    // The demo causes warnings on purpose; as log lines they would stand in the middle of the table.
    LOG_LEVEL: env["LOG_LEVEL"]?.trim() || "error",
    SENSITIVITY_KEYWORDS: env["SENSITIVITY_KEYWORDS"]?.trim() || DEMO_KEYWORDS.join(","),
    OLLAMA_BASE_URL: upstreams.ollamaUrl,
    OLLAMA_MODEL: SIMULATED_LOCAL_MODEL,
    OPENAI_BASE_URL: upstreams.openaiUrl,
    OPENAI_API_KEY: SIMULATED_KEY,
    OPENAI_MODEL: SIMULATED_CLOUD_MODEL,
  };
}
