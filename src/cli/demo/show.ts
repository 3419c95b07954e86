import type { Row } from "./ask.ts";
import { SIMULATED_KEY } from "./simulated-openai.ts";

const CURL_BODY = JSON.stringify({ messages: [{ role: "user", content: "Say hello in five words." }] });

export type Notes = {
  readonly ollamaUrl: string;
  readonly openaiUrl: string;
  /** Null where the user set keywords: those are theirs, and are not printed. */
  readonly keywords: readonly string[] | null;
};

export function introduction({ ollamaUrl, openaiUrl, keywords }: Notes): string {
  return [
    "Policy Mesh demo. The gateway is real, both providers are simulated: no model runs, no prompt leaves this machine.",
    `  simulated Ollama   ${ollamaUrl}`,
    `  simulated OpenAI   ${openaiUrl}   (key: ${SIMULATED_KEY})`,
    `  keywords           ${keywords === null ? "those of SENSITIVITY_KEYWORDS" : keywords.join(", ")}`,
    "  audit rows         in a temporary directory, removed at the end",
  ].join("\n");
}

/** Every cell is ours: a description, a name, codes, a status. */
export function table(rows: readonly Row[]): string {
  const head = ["asked", "HTTP", "provider", "model", "reason codes"];
  const cells = rows.map((row) => [row.asked, row.status, row.provider, row.model, row.reasons]);
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((line) => line[column]?.length ?? 0)));
  const rule = widths.map((width) => "-".repeat(width));
  const lines = [head, rule, ...cells].map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  return lines.map((line) => line.join("  ").trimEnd()).join("\n");
}

/** Lines to copy into another terminal; they work until the demo ends. */
export function invitation(gatewayUrl: string, rows: readonly Row[]): string {
  const requestId = rows.find((row) => row.requestId !== null)?.requestId;
  return [
    "Try it from another terminal:",
    `  curl -s ${gatewayUrl}/v1/chat -H 'content-type: application/json' -d '${CURL_BODY}'`,
    ...(requestId ? [`  curl -s ${gatewayUrl}/v1/audit/${requestId}`] : []),
    `  curl -s ${gatewayUrl}/v1/metrics`,
    `  curl -s ${gatewayUrl}/docs/json`,
    "",
    `Clients of OpenAI: base URL ${gatewayUrl}/v1, any key, model auto. Clients of Ollama: ${gatewayUrl}, model auto.`,
    `In a browser: ${gatewayUrl}/docs`,
    "LOG_LEVEL=info shows one log line a request. Ctrl-C ends the demo.",
  ].join("\n");
}
