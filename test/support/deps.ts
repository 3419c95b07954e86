import { digestKey } from "../../src/audit/digest.ts";
import type { ChatRequest } from "../../src/core/chat.ts";
import type { ChatFinished, Deps, Telemetry } from "../../src/gateway/deps.ts";
import { compileScan } from "../../src/scan/scan.ts";
import { fakeProvider } from "./fake-provider.ts";
import { memoryAudit } from "./memory-audit.ts";

export function recordingTelemetry() {
  const finished: ChatFinished[] = [];
  const refused: Parameters<Telemetry["requestRefused"]>[0][] = [];
  const auditFailures: Parameters<Telemetry["auditWriteFailed"]>[0][] = [];
  const bugs: Parameters<Telemetry["bug"]>[0][] = [];
  const telemetry: Telemetry = {
    chatFinished: (event) => finished.push(event),
    requestRefused: (event) => refused.push(event),
    auditWriteFailed: (event) => auditFailures.push(event),
    migrationTried: () => {},
    interruptedSettled: () => {},
    started: () => {},
    stopping: () => {},
    stopped: () => {},
    bug: (event) => bugs.push(event),
  };
  return { telemetry, finished, refused, auditFailures, bugs };
}

/** Deps with fakes throughout; each part can be looked into. */
export function fakeDeps(overrides: Partial<Deps> = {}) {
  const audit = memoryAudit();
  const telemetry = recordingTelemetry();
  const local = fakeProvider("local", () => audit.journal.push("call local"));
  const openai = fakeProvider("openai", () => audit.journal.push("call openai"));
  const deps: Deps = {
    policy: { maxPromptLengthForLocal: 10, defaultProvider: "openai" },
    scan: compileScan(["secret"]),
    providers: { local: local.provider, openai: openai.provider },
    audit: audit.store,
    digestKey: digestKey(new Uint8Array(32).fill(7)),
    telemetry: telemetry.telemetry,
    providerTimeoutMs: 1_000,
    now: () => new Date("2026-11-22T10:00:00.000Z"),
    monotonicMs: () => performance.now(),
    ...overrides,
  };
  return { deps, audit, telemetry, local, openai };
}

export function chatRequest(content: string, overrides: Partial<ChatRequest> = {}): ChatRequest {
  return { surface: "native", messages: [{ role: "user", content }], modelWish: null, streamed: false, ...overrides };
}
