import { digestKey } from "../../src/audit/digest.ts";
import type { ChatMessage, ChatRequest, ChatTask, Task } from "../../src/core/chat.ts";
import { NO_SAMPLING } from "../../src/core/chat.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { wishOf } from "../../src/core/models.ts";
import type { ActivePolicy, Providers } from "../../src/gateway/active-policy.ts";
import type { ChatFinished, Deps, Telemetry } from "../../src/gateway/deps.ts";
import { InFlight } from "../../src/gateway/in-flight.ts";
import { Turns } from "../../src/gateway/turns.ts";
import { type BuiltInOptions, builtInPolicy } from "../../src/policy/built-in.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { scanOptionsOf } from "../../src/policy/scan-options.ts";
import type { CompiledScan } from "../../src/scan/compile.ts";
import { scanFor } from "./compiled-scan.ts";
import { fakeProvider } from "./fake-provider.ts";
import { memoryAudit } from "./memory-audit.ts";
import { openAdmission, openTraffic } from "./traffic.ts";

export function recordingTelemetry() {
  const finished: ChatFinished[] = [];
  const refused: Parameters<Telemetry["requestRefused"]>[0][] = [];
  const auditFailures: Parameters<Telemetry["auditWriteFailed"]>[0][] = [];
  const bugs: Parameters<Telemetry["bug"]>[0][] = [];
  const attempts: Parameters<Telemetry["attemptFailed"]>[0][] = [];
  const circuits: Parameters<Telemetry["circuitChanged"]>[0][] = [];
  const skipped: Parameters<Telemetry["eventsSkipped"]>[0][] = [];
  const policies: Parameters<Telemetry["policyLoaded"]>[0][] = [];
  const dryRuns: Parameters<Telemetry["dryRun"]>[0][] = [];
  const telemetry: Telemetry = {
    chatFinished: (event) => finished.push(event),
    requestRefused: (event) => refused.push(event),
    auditWriteFailed: (event) => auditFailures.push(event),
    dryRun: (event) => dryRuns.push(event),
    attemptFailed: (event) => attempts.push(event),
    circuitChanged: (event) => circuits.push(event),
    eventsSkipped: (event) => skipped.push(event),
    policyLoaded: (event) => policies.push(event),
    migrationTried: () => {},
    spoolRecovered: () => {},
    spoolFailed: () => {},
    spoolFlushed: () => {},
    auditShipped: () => {},
    auditShipFailed: () => {},
    auditRefused: () => {},
    checkpointSigned: () => {},
    signerState: () => {},
    auditMaintained: () => {},
    doorsMoved: () => {},
    started: () => {},
    stopping: () => {},
    stopped: () => {},
    bug: (event) => bugs.push(event),
  };
  return { telemetry, finished, attempts, circuits, skipped, refused, auditFailures, dryRuns, policies, bugs };
}

/** What the built-in policy of the tests follows, unless told otherwise. */
const BUILT_IN: BuiltInOptions = {
  sensitivityKeywords: ["secret"],
  detectSensitiveData: true,
  allowOpaqueContentToCloud: false,
  costMaxPromptLengthForLocal: 10,
  defaultProvider: "openai",
  ollamaBaseUrl: "http://127.0.0.1:11434",
  ollamaModel: "local-default",
  ollamaEmbeddingModel: "local-embedding",
  openaiBaseUrl: "https://api.openai.com/v1",
  openaiApiKey: "test",
  openaiModel: "openai-default",
};

/** The built-in policy, its scanner, and these providers. */
export function activeBuiltIn(overrides: Partial<BuiltInOptions>, providers: Providers): ActivePolicy {
  return activeOf(builtInPolicy({ ...BUILT_IN, ...overrides }), providers, "built-in");
}

/** A policy that was checked, its scanner, and these providers. */
export function activeOf(
  document: PolicyDocument,
  providers: Providers,
  source: ActivePolicy["source"] = "file",
): ActivePolicy {
  const scan = scanOf(document);
  return { policy: compilePolicy(document), scan, providers, source, loadedAt: new Date("2026-11-22T09:00:00.000Z") };
}

const scans = new Map<string, CompiledScan>();

/** Compiled once for each thing to look for: the rules are many, and tests too. */
function scanOf(document: PolicyDocument): CompiledScan {
  const { keywords, ...options } = scanOptionsOf(document);
  const key = JSON.stringify([keywords, options]);
  const scan = scans.get(key) ?? scanFor(keywords, options);
  scans.set(key, scan);
  return scan;
}

/** Deps with fakes throughout; each part can be looked into. */
export function fakeDeps(overrides: Partial<Deps> = {}, builtIn: Partial<BuiltInOptions> = {}) {
  const audit = memoryAudit();
  const telemetry = recordingTelemetry();
  const local = fakeProvider("local", () => audit.journal.push("call local"));
  const openai = fakeProvider("openai", () => audit.journal.push("call openai"));
  const providers = new Map([
    ["local", local.provider],
    ["openai", openai.provider],
  ]);
  const active = activeBuiltIn(builtIn, providers);
  const deps: Deps = {
    active: () => active,
    audit: audit.store,
    auditEvents: audit.reader,
    auditLog: audit.log,
    digestKeys: [digestKey(new Uint8Array(32).fill(7))],
    inFlight: new InFlight(),
    telemetry: telemetry.telemetry,
    attemptDefaults: {
      connectTimeoutMs: 1_000,
      timeoutMs: 1_000,
      firstTokenTimeoutMs: 1_000,
      idleTimeoutMs: 1_000,
      deadlineMs: 10_000,
      retries: 0,
    },
    traffic: openTraffic(),
    admission: openAdmission(),
    chance: () => 0,
    labelsHeader: null,
    now: () => new Date("2026-11-22T10:00:00.000Z"),
    monotonicMs: () => performance.now(),
    turns: new Turns(() => new Promise((resolve) => setImmediate(resolve))),
    ...overrides,
  };
  return { deps, audit, telemetry, local, openai, active };
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
    wish: wishOf(model),
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
