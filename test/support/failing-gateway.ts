import { createProvider } from "../../src/boot/providers.ts";
import type { Deps } from "../../src/gateway/deps.ts";
import type { Traffic } from "../../src/gateway/traffic/contract.ts";
import { createTraffic } from "../../src/gateway/traffic/traffic.ts";
import type { PolicyDocument, ProviderBody, RuleBody } from "../../src/policy/document.ts";
import { fakeApp } from "./app.ts";
import { activeOf, recordingTelemetry } from "./deps.ts";
import type { FaultServer } from "./fault-server.ts";
import { readView, SURFACE_VIEWS, type View, type ViewedSurface } from "./surface-views.ts";

/** In every request, so that tests can look for it where it must not be. */
export const PROMPT = "quillwort under the stairs";
export const PROVIDER_KEY = "sk-invented-key-of-the-fault-server";

/** More than a noisy machine needs. */
const PATIENCE_MS = 20_000;
/** For a whole answer; in a policy the shortest is a second, so this is what the settings say. */
const TIMEOUT_MS = 250;

const TEMPERS = {
  /** Waits shortly for an answer to begin, or to come whole. */
  hasty: { first_token_timeout_ms: 150, idle_timeout_ms: PATIENCE_MS },
  /** Waits shortly for an answer to go on, or to come whole. */
  restless: { first_token_timeout_ms: PATIENCE_MS, idle_timeout_ms: 300 },
  patient: { timeout_seconds: PATIENCE_MS / 1_000 },
  /** Waits as the settings say. */
  plain: null,
} as const;
export type Temper = keyof typeof TEMPERS;
export const KINDS = ["openai", "ollama"] as const;
export type Kind = (typeof KINDS)[number];

export type FailureRules = {
  /** Whether there is no other provider to go to. */
  readonly alone?: boolean;
  readonly rule?: Partial<RuleBody>;
  /** Of the providers that fail. */
  readonly provider?: Partial<ProviderBody>;
  readonly backup?: Partial<ProviderBody>;
};

/**
 * Providers of both protocols at the fault server, one for each temper, and `backup`, which answers. A request goes to
 * the one that its model names, as `hasty-openai/silent`, and then to `backup`.
 */
export function failureDocument(server: FaultServer, rules: FailureRules = {}): PolicyDocument {
  const { alone = false, rule, provider, backup } = rules;
  const shared = (kind: Kind) => ({
    kind,
    zone: "cloud",
    base_url: kind === "openai" ? `${server.url}/v1` : server.url,
    ...(kind === "openai" ? { api_key: "${FAULT_KEY}" } : {}),
    default_model: BACKUP_MODEL,
  });
  const primaries = Object.entries(TEMPERS).flatMap(([temper, attempts]) =>
    KINDS.map((kind): readonly [string, ProviderBody] => {
      return [`${temper}-${kind}`, { ...shared(kind), ...(attempts === null ? {} : { attempts }), ...provider }];
    }),
  );
  return {
    apiVersion: "policy-mesh/v1",
    name: "failures",
    version: 1,
    providers: {
      ...Object.fromEntries(primaries),
      backup: { ...shared("openai"), attempts: TEMPERS.patient, ...backup },
    },
    rules: primaries.map(([id]) => ({
      id,
      when: { requested_provider: id },
      route: alone ? [id] : [id, BACKUP],
      reason: "named",
      ...rule,
    })),
    default: { route: [BACKUP], reason: "default" },
  };
}

const BACKUP = "backup";
export const BACKUP_MODEL = "answers:backup";

/** Every route of the gateway, with real providers before the fault server and with real traffic. */
export async function failingGateway(server: FaultServer, document: PolicyDocument, overrides: Partial<Deps> = {}) {
  server.model(BACKUP_MODEL);
  const environment = { FAULT_KEY: PROVIDER_KEY };
  const providers = new Map(
    Object.keys(document.providers).map((id) => [id, createProvider(id, document, environment, "file")]),
  );
  const active = activeOf(document, providers);
  let skewMs = 0;
  const monotonicMs = () => performance.now() + skewMs;
  const { telemetry, ...told } = recordingTelemetry();
  const newTraffic = () => createTraffic({ monotonicMs, onCircuitChanged: telemetry.circuitChanged });
  let traffic: Traffic = newTraffic();
  const app = fakeApp({
    active: () => active,
    traffic: { of: (policy, id) => traffic.of(policy, id) },
    telemetry,
    attemptDefaults: {
      connectTimeoutMs: PATIENCE_MS,
      timeoutMs: TIMEOUT_MS,
      firstTokenTimeoutMs: PATIENCE_MS,
      idleTimeoutMs: PATIENCE_MS,
      deadlineMs: PATIENCE_MS,
      retries: 2,
    },
    chance: () => 0,
    monotonicMs,
    ...overrides,
  });

  return {
    ...app,
    active,
    told,
    statusOf: (id: string) => traffic.of(active, id).status(),
    /** Nothing that was learnt of providers counts any more. */
    forgets(): void {
      traffic = newTraffic();
    },
    /** For the gateway so much time passes at once; timers that run already do not know of it. */
    passes(ms: number): void {
      skewMs += ms;
    },
    /** Asks which models there are, so that those that the server lists can be wished for. */
    async looksUp(): Promise<void> {
      await Promise.all([...providers.values()].map((provider) => provider.check(0)));
    },
    async asks(surface: ViewedSurface, model: string, streamed = false, init: RequestInit = {}): Promise<Asked> {
      const { path, ask } = SURFACE_VIEWS[surface];
      const body = JSON.stringify(ask(model, PROMPT, streamed));
      const headers = { "content-type": "application/json" };
      const response = await app.send(path, { method: "POST", headers, body, ...init });
      const view = await readView(surface, response);
      return { view, outcome: app.audit.outcomes.get(response.headers.get("x-request-id") ?? "") };
    },
  };
}

export type FailingGateway = Awaited<ReturnType<typeof failingGateway>>;
export type Asked = { readonly view: View; readonly outcome: ReturnType<FailingGateway["audit"]["outcomes"]["get"]> };
