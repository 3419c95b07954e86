import { type DestinationStream, type Logger, pino } from "pino";

/**
 * Values under these names never reach a line, should anybody ever log an object that has them. The first defence is
 * that every event names its fields; this is the second.
 */
const REDACTED = ["content", "messages", "prompt", "authorization", "apiKey", "api_key", "password", "databaseUrl"];

/** One JSON object a line on standard output unless `destination` says otherwise. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service: "policy-mesh" },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[redacted]" },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
