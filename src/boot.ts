import { buildApp } from "./app.ts";
import { digestKey } from "./audit/digest.ts";
import type { Config } from "./config/config.ts";
import { OPENAI_DEFAULT_BASE_URL } from "./config/config.ts";
import { err, ok, type Result } from "./core/result.ts";
import { VERSION } from "./core/version.ts";
import type { Deps, Providers, Telemetry } from "./gateway/deps.ts";
import { InFlight } from "./gateway/in-flight.ts";
import { Turns } from "./gateway/turns.ts";
import { Unsettled } from "./gateway/unsettled.ts";
import { withCors } from "./http/cors.ts";
import { type HttpServer, listen } from "./http/listen.ts";
import { createOllama } from "./providers/ollama.ts";
import { createOpenAi } from "./providers/openai.ts";
import { compileScan, type ScanOptions } from "./scan/compile.ts";
import { loadOrCreateDigestKey } from "./store/digest-key-file.ts";
import { openStore, type Store } from "./store/open-store.ts";
import { createLogger } from "./telemetry/logger.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";
import { keepMigrating, type Migrating, type Tried } from "./workers/keep-migrating.ts";
import { repeat } from "./workers/repeat.ts";

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
/** How long start waits for a server to let it migrate, before it goes on without. */
const FIRST_MIGRATION_WAIT_MS = 3_000;
/** The local server is asked often, since people pull models; a hosted one's list hardly changes. */
const LOCAL_CHECK_EVERY_MS = 30_000;
const CLOUD_CHECK_EVERY_MS = 300_000;
/** A migration that waits for a server may take longer; what it does is safe to leave. */
const WORKERS_STOP_TIMEOUT_MS = 5_000;
/** For the rows of streams that the drain had to cut. */
const SETTLE_TIMEOUT_MS = 5_000;
const ALWAYS = 0;

/** Config -> opened resources -> Deps -> listening server. What was opened is closed again when a later step fails. */
export async function boot(config: Config): Promise<Result<Gateway, BootFailure>> {
  const scanOptions: ScanOptions = {
    keywords: config.sensitivityKeywords,
    detectSensitiveData: config.detectSensitiveData,
  };
  const scan = compileScan(scanOptions);
  if (!scan.ok) {
    const faults = scan.error.map(({ message }) => message).join(" ");
    return err({ message: `The scanner cannot be made of SENSITIVITY_KEYWORDS. ${faults}` });
  }

  const metrics = createMetrics({ version: VERSION, bun: Bun.version });
  const telemetry = createTelemetry(createLogger(config.logLevel), metrics);

  const opened = await openStore(config);
  if (!opened.ok) return opened;
  const store = opened.value;
  const secret = config.auditDigestKey === null ? loadOrCreateDigestKey(config.dataDir) : ok(config.auditDigestKey);
  if (!secret.ok) {
    await store.close();
    return secret;
  }
  const migrating = keepMigrating(() => tryToMigrate(store), MIGRATE_RETRY_MS, telemetry.migrationTried);
  const schema = await firstTry(migrating, store);
  if (schema.fatal) {
    await store.close();
    return err({ message: `The database cannot be migrated. ${schema.problem}` });
  }
  // The lock says that no other process has the embedded database, so whatever is pending there was interrupted.
  if (store.kind === "embedded") await settle(store, telemetry, "everyPending");

  const unsettled = new Unsettled();
  const inFlight = new InFlight();
  const audit = unsettled.watch(store.auditEvents);
  const deps = createDeps(config, {
    audit,
    inFlight,
    telemetry,
    digestKey: digestKey(secret.value),
    scan: scan.value,
    scanOptions,
  });
  const { local, openai } = deps.providers;
  await Promise.all([local.check(ALWAYS), openai.check(ALWAYS)]);

  const state = { draining: false };
  const app = buildApp({
    deps,
    metrics: metrics.registry,
    maxBodyBytes: config.maxBodyBytes,
    version: VERSION,
    isDraining: () => state.draining,
    loopbackOnly: !config.allowAnonymous,
  });
  const server = tryToListen(withCors(config.corsAllowedOrigins, app.fetch), config, () => inFlight.cutAll());
  if (!server.ok) {
    await store.close();
    return server;
  }
  telemetry.started({ url: server.value.url, version: VERSION, database: store.kind });

  const workers = [
    migrating,
    repeat(() => local.check(ALWAYS), LOCAL_CHECK_EVERY_MS),
    repeat(() => openai.check(ALWAYS), CLOUD_CHECK_EVERY_MS),
    repeat(() => settle(store, telemetry, "overdue"), SETTLE_EVERY_MS),
  ];
  return ok({
    url: server.value.url,
    database: store.kind,
    databaseProblem: schema.problem,
    providers: deps.providers,
    died: Promise.race([store.died, migrating.broken.then((message) => ({ message }))]),
    async close() {
      state.draining = true;
      telemetry.stopping();
      await server.value.drain();
      await unsettled.none(SETTLE_TIMEOUT_MS);
      await Promise.race([Promise.all(workers.map((worker) => worker.stop())), timeout(WORKERS_STOP_TIMEOUT_MS)]);
      await store.close();
      telemetry.stopped();
    },
  });
}

/**
 * A server that is away, or keeps us waiting, does not keep the gateway from starting: it answers health, is not ready,
 * refuses chat, and migrates when the server is there. A migration that fails does.
 */
async function firstTry(migrating: Migrating, store: Store): Promise<Tried> {
  if (store.kind === "embedded") return migrating.first;
  const waiting: Tried = { problem: "The database keeps the migration waiting.", fatal: false };
  return Promise.race([migrating.first, timeout(FIRST_MIGRATION_WAIT_MS).then(() => waiting)]);
}

async function tryToMigrate(store: Store): Promise<Tried> {
  const migrated = await store.migrate();
  return migrated.ok
    ? { problem: null, fatal: false }
    : { problem: migrated.error.message, fatal: migrated.error.kind === "failed" };
}

async function settle(store: Store, telemetry: Telemetry, which: "overdue" | "everyPending"): Promise<void> {
  const settled = await store.auditEvents.settleInterrupted(which, new Date());
  telemetry.interruptedSettled(
    settled.ok ? { count: settled.value, problem: null } : { count: 0, problem: settled.error.message },
  );
}

type Opened = Pick<Deps, "audit" | "inFlight" | "telemetry" | "digestKey" | "scan" | "scanOptions">;

function createDeps(config: Config, opened: Opened): Deps {
  return {
    ...opened,
    policy: {
      maxPromptLengthForLocal: config.costMaxPromptLengthForLocal,
      defaultProvider: config.defaultProvider,
      opaqueContentToCloud: config.allowOpaqueContentToCloud,
    },
    providers: createProviders(config),
    providerTimeoutMs: config.providerTimeoutSeconds * 1_000,
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    // A macrotask: sockets are read before it runs, which a promise alone would not wait for.
    turns: new Turns(() => new Promise((resolve) => setImmediate(resolve))),
  };
}

function createProviders(config: Config): Providers {
  return {
    local: createOllama({
      baseUrl: config.ollamaBaseUrl,
      defaultModel: config.ollamaModel,
      defaultEmbeddingModel: config.ollamaEmbeddingModel,
    }),
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

function tryToListen(
  handle: Parameters<typeof listen>[0],
  config: Config,
  onDrainOver: () => void,
): Result<HttpServer, BootFailure> {
  try {
    return ok(listen(handle, { ...config, onDrainOver }));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    const remedy = "Set PORT to a free one, or HOST to an address of this machine.";
    return err({ message: `Cannot listen on ${config.host}:${config.port} (${code}). ${remedy}` });
  }
}
