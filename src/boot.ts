import { buildApp } from "./app.ts";
import { openAudit } from "./boot/audit.ts";
import { createDeps, monotonicMs, now } from "./boot/deps.ts";
import { watchDescriptors } from "./boot/descriptors.ts";
import { firstPolicy, judgeFirst, newestVersion, policyWorld } from "./boot/policy.ts";
import { openPolicyFile } from "./boot/policy-file.ts";
import { keepOnRecord } from "./boot/policy-record.ts";
import type { Config } from "./config/config.ts";
import type { Environment } from "./config/environment.ts";
import { err, ok, type Result } from "./core/result.ts";
import { VERSION } from "./core/version.ts";
import type { ActivePolicy } from "./gateway/active-policy.ts";
import { InFlight } from "./gateway/in-flight.ts";
import { createAdmission } from "./gateway/traffic/admission.ts";
import { createTraffic } from "./gateway/traffic/traffic.ts";
import { Unsettled } from "./gateway/unsettled.ts";
import { withCors } from "./http/cors.ts";
import { type HttpServer, listen } from "./http/listen.ts";
import { codeOf } from "./store/durable-file.ts";
import { openStore, type Store } from "./store/open-store.ts";
import { watchSpool } from "./telemetry/audit-metrics.ts";
import { createLogger } from "./telemetry/logger.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";
import { watchTraffic } from "./telemetry/traffic-metrics.ts";
import { keepMigrating, type Migrating, type Tried } from "./workers/keep-migrating.ts";
import { describe, PolicyKeeper, type PolicyWorld } from "./workers/keep-policy.ts";
import { repeat } from "./workers/repeat.ts";

/** `message` is for a person at a terminal: what is wrong and what to do; no secret in it. */
export type BootFailure = { readonly message: string };

export type Gateway = {
  readonly url: string;
  readonly database: Store["kind"];
  /** Why the database could not be used at start, if so; it is tried again meanwhile. */
  readonly databaseProblem: string | null;
  /** The file that a key for the audit log was just made in; null where there was one. */
  readonly generatedKeyFile: string | null;
  /** The policy in force. */
  readonly active: () => ActivePolicy;
  /** Reads the policy file again now; what is wrong with it is told by log and metric. */
  readonly reloadPolicy: () => Promise<void>;
  /** Logs a bug that belongs to no request: its kind and place, none of its words. */
  readonly tellBug: (bug: unknown) => void;
  /** Resolves when the gateway cannot go on, for the supervisor to start it again. */
  readonly died: Promise<BootFailure>;
  /** Stops accepting, lets what is in flight finish within a bound, closes everything in reverse. */
  close(): Promise<void>;
};

const MIGRATE_RETRY_MS = 5_000;
/** How long start waits for a server to let it migrate, before it goes on without. */
const FIRST_MIGRATION_WAIT_MS = 3_000;
/** The local server is asked often, since people pull models; a hosted one's list hardly changes. */
const LOCAL_CHECK_EVERY_MS = 30_000;
const CLOUD_CHECK_EVERY_MS = 300_000;
/** A migration that waits for a server may take longer; what it does is safe to leave. */
const WORKERS_STOP_TIMEOUT_MS = 5_000;
/** For the records of streams that the drain had to cut. */
const SETTLE_TIMEOUT_MS = 5_000;
/** Longer than all that the audit waits for, but for a disk that does not answer. */
const AUDIT_CLOSE_TIMEOUT_MS = 20_000;
const ALWAYS = 0;

/**
 * Config -> opened resources -> Deps -> listening server. What was opened is closed again when a later step fails.
 * `environment` is what references of a policy file are resolved by.
 */
export async function boot(config: Config, environment: Environment = {}): Promise<Result<Gateway, BootFailure>> {
  const file = config.policyFile === null ? null : openPolicyFile(config.policyFile, config.policyPublicKey);
  const world = policyWorld(config, environment, file);
  const first = await firstPolicy(config, world);
  if (!first.ok) return first;

  const metrics = createMetrics({ version: VERSION, bun: Bun.version });
  const telemetry = createTelemetry(createLogger(config.logLevel), metrics);

  const opened = await openStore(config);
  if (!opened.ok) return opened;
  const store = opened.value;
  const migrating = keepMigrating(() => tryToMigrate(store), MIGRATE_RETRY_MS, telemetry.migrationTried);
  const schema = await firstTry(migrating, store);
  if (schema.fatal) {
    await store.close();
    return err({ message: `The database cannot be migrated. ${schema.problem}` });
  }
  const lasting: PolicyWorld = { ...world, newestVersion: (name) => newestVersion(store, name) };
  const judged = await judgeFirst(first.value, lasting);
  if (!judged.ok) {
    await store.close();
    return judged;
  }
  const audit = await openAudit(config, store, telemetry, now);
  if (!audit.ok) {
    await store.close();
    return audit;
  }
  watchSpool([metrics.registry], audit.value.status, now);

  const outdated = Promise.withResolvers<string>();
  const recorder = keepOnRecord(config.dataDir, store, world, outdated.resolve);
  const policies = new PolicyKeeper(lasting, telemetry, first.value, (policy) => recorder.record(policy));
  const active = () => policies.current();
  const traffic = createTraffic({ monotonicMs, onCircuitChanged: telemetry.circuitChanged });
  const admission = createAdmission({
    maxConcurrent: config.maxConcurrentRequests,
    maxQueued: config.maxQueuedRequests,
  });
  watchTraffic([metrics.registry], {
    providers: () => active().policy.providers.map(({ id }) => ({ id, ...traffic.of(active(), id).status() })),
    admission: () => admission.status(),
  });
  const unsettled = new Unsettled();
  const inFlight = new InFlight();
  const deps = createDeps(config, audit.value, {
    active,
    admission,
    traffic,
    audit: unsettled.watch(audit.value.store),
    inFlight,
    telemetry,
  });
  recorder.record(first.value);
  await checkProviders(active());

  const state = { draining: false };
  const app = buildApp({
    deps,
    metrics: metrics.registry,
    maxBodyBytes: config.maxBodyBytes,
    version: VERSION,
    isDraining: () => state.draining,
    loopbackOnly: !config.allowAnonymous,
  });
  const server = tryToListen(withCors(config.corsAllowedOrigins, app.fetch), config, {
    onDrainOver: () => inFlight.cutAll(),
    onDoors: (moved) => telemetry.doorsMoved({ moved }),
  });
  if (!server.ok) {
    await recorder.stop();
    await audit.value.close();
    await store.close();
    return server;
  }
  telemetry.started({ url: server.value.url, version: VERSION, database: store.kind });
  telemetry.policyLoaded({
    result: "activated",
    policy: describe(first.value),
    providers: [...first.value.providers.keys()],
    reason: judged.value,
  });

  const watching = file?.watch(() => policies.reload(), telemetry);
  const workers = [
    migrating,
    recorder,
    ...(watching === undefined ? [] : [watching]),
    repeat(() => checkProviders(active(), "ollama"), LOCAL_CHECK_EVERY_MS),
    repeat(() => checkProviders(active(), "openai"), CLOUD_CHECK_EVERY_MS),
  ];
  return ok({
    url: server.value.url,
    database: store.kind,
    databaseProblem: schema.problem,
    generatedKeyFile: audit.value.generatedKeyFile,
    active,
    reloadPolicy: async () => watching?.signal(),
    tellBug: (error) => telemetry.bug({ requestId: "", error }),
    died: Promise.race([store.died, ...[migrating.broken, outdated.promise].map(asFailure)]),
    async close() {
      state.draining = true;
      telemetry.stopping();
      inFlight.drain();
      await server.value.drain();
      await unsettled.none(SETTLE_TIMEOUT_MS);
      await Promise.race([Promise.all(workers.map((worker) => worker.stop())), timeout(WORKERS_STOP_TIMEOUT_MS)]);
      await Promise.race([audit.value.close(), timeout(AUDIT_CLOSE_TIMEOUT_MS)]);
      await store.close();
      telemetry.stopped();
    },
  });
}

const asFailure = async (message: Promise<string>): Promise<BootFailure> => ({ message: await message });

/** Asks the servers of a kind, or all, which models they have. */
async function checkProviders({ policy, providers }: ActivePolicy, kind?: "ollama" | "openai"): Promise<void> {
  const asked = policy.providers.filter((provider) => kind === undefined || provider.kind === kind);
  await Promise.all(asked.map(({ id }) => providers.get(id)?.check(ALWAYS)));
}

/**
 * A server that is away, or keeps us waiting, does not keep the gateway from starting: records wait on the spool, or in
 * strict mode chat is refused, and it migrates when the server is there. A migration that fails does.
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

/** Does not keep the process alive. */
const timeout = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

function tryToListen(
  handle: Parameters<typeof listen>[0],
  config: Config,
  on: Pick<Parameters<typeof listen>[1], "onDrainOver" | "onDoors">,
): Result<HttpServer, BootFailure> {
  try {
    return ok(listen(handle, { ...config, ...on, crowd: watchDescriptors() }));
  } catch (cause) {
    const remedy = "Set PORT to a free one, or HOST to an address of this machine.";
    return err({ message: `Cannot listen on ${config.host}:${config.port} (${codeOf(cause)}). ${remedy}` });
  }
}
