import { buildApp } from "./app.ts";
import { digestKey } from "./audit/digest.ts";
import type { Config } from "./config/config.ts";
import { OPENAI_DEFAULT_BASE_URL } from "./config/config.ts";
import { err, ok, type Result } from "./core/result.ts";
import { VERSION } from "./core/version.ts";
import type { Deps, Providers, Telemetry } from "./gateway/deps.ts";
import { type HttpServer, listen } from "./http/listen.ts";
import { createOllama } from "./providers/ollama.ts";
import { createOpenAi } from "./providers/openai.ts";
import { compileScan } from "./scan/scan.ts";
import { loadOrCreateDigestKey } from "./store/digest-key-file.ts";
import { openStore, type Store } from "./store/open-store.ts";
import { createLogger } from "./telemetry/logger.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";
import { repeat, repeatUntil } from "./workers/repeat.ts";

/** `message` is for a person at a terminal: what is wrong and what to do; no secret in it. */
export type BootFailure = { readonly message: string };

export type Gateway = {
  readonly url: string;
  readonly database: Store["kind"];
  /** Why the database could not be used at start, if so; it is tried again meanwhile. */
  readonly databaseProblem: string | null;
  readonly providers: Providers;
  /** Resolves when the gateway cannot go on, for the supervisor to start it again. */
  readonly died: Promise<BootFailure>;
  /** Stops accepting, lets what is in flight finish within a bound, closes everything in reverse. */
  close(): Promise<void>;
};

const SETTLE_EVERY_MS = 60_000;
const MIGRATE_RETRY_MS = 5_000;
/** The local server is asked often, since people pull models; a hosted one's list hardly changes. */
const LOCAL_CHECK_EVERY_MS = 30_000;
const CLOUD_CHECK_EVERY_MS = 300_000;
/** A migration that waits for a server may take longer; what it does is safe to leave. */
const WORKERS_STOP_TIMEOUT_MS = 5_000;
const ALWAYS = 0;

/** Config -> opened resources -> Deps -> listening server. What was opened is closed again when a later step fails. */
export async function boot(config: Config): Promise<Result<Gateway, BootFailure>> {
  const logger = createLogger(config.logLevel);
  const metrics = createMetrics({ version: VERSION, bun: Bun.version });
  const telemetry = createTelemetry(logger, metrics);

  const opened = await openStore(config);
  if (!opened.ok) return opened;
  const store = opened.value;
  const prepared = await prepareStore(store, config);
  if (!prepared.ok) {
    await store.close();
    return prepared;
  }

  const deps: Deps = {
    policy: {
      maxPromptLengthForLocal: config.costMaxPromptLengthForLocal,
      defaultProvider: config.defaultProvider,
    },
    scan: compileScan(config.sensitivityKeywords),
    providers: createProviders(config),
    audit: store.auditEvents,
    digestKey: digestKey(prepared.value.digestSecret),
    telemetry,
    providerTimeoutMs: config.providerTimeoutSeconds * 1_000,
    now: () => new Date(),
    monotonicMs: () => performance.now(),
  };
  const { local, openai } = deps.providers;
  await Promise.all([local.check(ALWAYS), openai.check(ALWAYS)]);

  let server: HttpServer;
  let draining = false;
  const app = buildApp({
    deps,
    metrics: metrics.registry,
    maxBodyBytes: config.maxBodyBytes,
    version: VERSION,
    isDraining: () => draining,
    loopbackOnly: !config.allowAnonymous,
  });
  try {
    server = listen(app.fetch, config);
  } catch (cause) {
    await store.close();
    return err({ message: cannotListen(config, cause) });
  }

  const workers = [
    repeat(() => local.check(ALWAYS), LOCAL_CHECK_EVERY_MS),
    repeat(() => openai.check(ALWAYS), CLOUD_CHECK_EVERY_MS),
    repeat(() => store.auditEvents.settleInterrupted("overdue", new Date()), SETTLE_EVERY_MS),
    ...(prepared.value.problem === null ? [] : [repeatUntil(() => migrateAgain(store, telemetry), MIGRATE_RETRY_MS)]),
  ];

  return ok({
    url: server.url,
    database: store.kind,
    databaseProblem: prepared.value.problem,
    providers: deps.providers,
    died: store.died,
    async close() {
      draining = true;
      await server.drain();
      await Promise.race([Promise.all(workers.map((worker) => worker.stop())), timeout(WORKERS_STOP_TIMEOUT_MS)]);
      await store.close();
    },
  });
}

type Prepared = { readonly digestSecret: Uint8Array; readonly problem: string | null };

/**
 * A server that is away does not keep the gateway from starting: it answers health, is not ready, refuses chat, and
 * migrates when the server is there. A migration that fails does.
 */
async function prepareStore(store: Store, config: Config): Promise<Result<Prepared, BootFailure>> {
  const secret = config.auditDigestKey === null ? loadOrCreateDigestKey(config.dataDir) : ok(config.auditDigestKey);
  if (!secret.ok) return secret;
  const migrated = await store.migrate();
  if (!migrated.ok && migrated.error.kind === "failed") {
    return err({ message: `The database cannot be migrated. ${migrated.error.message}` });
  }
  // The lock says that no other process has the embedded database, so whatever is pending there was interrupted.
  if (store.kind === "embedded") await store.auditEvents.settleInterrupted("everyPending", new Date());
  return ok({ digestSecret: secret.value, problem: migrated.ok ? null : migrated.error.message });
}

/** For a server that was away at start. */
async function migrateAgain(store: Store, telemetry: Telemetry): Promise<boolean> {
  const migrated = await store.migrate();
  telemetry.migrationTried({ problem: migrated.ok ? null : migrated.error.message });
  return migrated.ok;
}

function createProviders(config: Config): Providers {
  return {
    local: createOllama({ baseUrl: config.ollamaBaseUrl, defaultModel: config.ollamaModel }),
    openai: createOpenAi({
      baseUrl: config.openaiBaseUrl,
      apiKey: config.openaiApiKey,
      defaultModel: config.openaiModel,
      needsKey: config.openaiBaseUrl === OPENAI_DEFAULT_BASE_URL,
    }),
  };
}

/** Does not keep the process alive. */
const timeout = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

function cannotListen(config: Config, cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  return `Cannot listen on ${config.host}:${config.port} (${code}). Set PORT to a free one, or HOST to an address of this machine.`;
}
