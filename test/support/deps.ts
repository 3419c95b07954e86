import { digestKey } from "../../src/audit/digest.ts";
import type { ChatMessage, ChatRequest, ChatTask, Task } from "../../src/core/chat.ts";
import { NO_SAMPLING } from "../../src/core/chat.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { parseModelWish } from "../../src/core/models.ts";
import type { ChatFinished, Deps, Telemetry } from "../../src/gateway/deps.ts";
import { InFlight } from "../../src/gateway/in-flight.ts";
import { Turns } from "../../src/gateway/turns.ts";
import type { ScanOptions } from "../../src/scan/compile.ts";
import { scanFor } from "./compiled-scan.ts";
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

export function compiledScan(options: ScanOptions) {
  return { scan: scanFor(options.keywords, options), scanOptions: options };
}

const SCAN = compiledScan({ keywords: ["secret"], detectSensitiveData: true });

/** Deps with fakes throughout; each part can be looked into. */
export function fakeDeps(overrides: Partial<Deps> = {}) {
  const audit = memoryAudit();
  const telemetry = recordingTelemetry();
  const local = fakeProvider("local", () => audit.journal.push("call local"));
  const openai = fakeProvider("openai", () => audit.journal.push("call openai"));
  const deps: Deps = {
    policy: { maxPromptLengthForLocal: 10, defaultProvider: "openai", opaqueContentToCloud: false },
    ...SCAN,
    providers: { local: local.provider, openai: openai.provider },
    audit: audit.store,
    digestKey: digestKey(new Uint8Array(32).fill(7)),
    inFlight: new InFlight(),
    telemetry: telemetry.telemetry,
    providerTimeoutMs: 1_000,
    now: () => new Date("2026-11-22T10:00:00.000Z"),
    monotonicMs: () => performance.now(),
    turns: new Turns(() => new Promise((resolve) => setImmediate(resolve))),
    ...overrides,
  };
  return { deps, audit, telemetry, local, openai };
}

type ChatOverrides = Partial<Omit<ChatRequest, "task" | "wish">> & {
  readonly messages?: readonly ChatMessage[];
  /** As the client names it; the wish follows from it. */
  readonly model?: string | null;
  /** What the task asks beside its messages. */
  readonly asks?: Partial<Omit<ChatTask, "kind" | "messages">>;
};

/** What `POST /v1/chat` makes of a body with these words, unless told otherwise. */
export function chatRequest(content: string, overrides: ChatOverrides = {}): ChatRequest {
  const { messages = [{ role: "user", content }], model, asks, ...others } = overrides;
  const asked = { ...(model === undefined ? {} : { model }), ...(others.streamed ? { stream: true } : {}) };
  return {
    ...requestOf(chatTask(messages, asks), { messages, ...asked }),
    wish: typeof model === "string" ? parseModelWish(model) : null,
    ...others,
  };
}

export function chatTask(messages: readonly ChatMessage[], asks: ChatOverrides["asks"] = {}): ChatTask {
  return {
    kind: "chat",
    messages,
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    format: null,
    sampling: NO_SAMPLING,
    thinking: null,
    ...asks,
  };
}

/** A request of any task and surface. `body` is what the client sent: anything that JSON can say. */
export function requestOf(task: Task, body: object, overrides: Partial<ChatRequest> = {}): ChatRequest {
  return {
    surface: "native",
    body: asJson(body),
    task,
    wish: null,
    streamed: false,
    untranslated: [],
    ...overrides,
  };
}

/** What a body is once it came over the wire. */
function asJson(body: object): JsonObject {
  const sent: JsonObject = JSON.parse(JSON.stringify(body));
  return sent;
}
