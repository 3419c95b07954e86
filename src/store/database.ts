import postgres from "postgres";
import { err, ok, type Result } from "../core/result.ts";
import type { PostgresOptions } from "./embedded/embedded.ts";
import type { ClientOptions } from "./migrations/client-options.ts";

/** Where rows go: the server that `DATABASE_URL` names, or the one inside this process. */
export type DatabaseTarget =
  | { readonly kind: "server"; readonly options: ClientOptions }
  | { readonly kind: "embedded"; readonly options: PostgresOptions };

/** For the operator's log; holds no parameter, no row and no credential. */
export type DatabaseFailure = { readonly message: string };

export type Parameter = string | number | boolean | Date | null;

export interface Database {
  /** One statement of `db/queries`. Waits no longer than `QUERY_TIMEOUT_MS`; on failure nothing is known of its effect. */
  query<Row extends object>(
    text: string,
    parameters: readonly Parameter[],
  ): Promise<Result<readonly Row[], DatabaseFailure>>;
  /** Resolves when the database has answered nothing for `HUNG_AFTER_MS` although it was asked. */
  readonly hung: Promise<void>;
  close(): Promise<void>;
}

/** The bound on every wait for the database: longer than a healthy one ever takes, shorter than a caller's patience. */
const QUERY_TIMEOUT_MS = 5_000;
/** A server gives up first, so that our own wait only ends when a connection is dead. */
const STATEMENT_TIMEOUT_MS = 4_000;
const HUNG_AFTER_MS = 20_000;
const CLOSE_TIMEOUT_SECONDS = 5;
const MAX_CONNECTIONS = 10;
/** Statements that wait or run. A database that has stopped answering must not gather more of them than this. */
const MAX_OUTSTANDING = 1_000;

/** Connects when first asked to, and again whenever a connection is lost or dead; opening does no I/O. */
export function openDatabase(target: DatabaseTarget): Database {
  let sql = connect(target);
  let outstanding = 0;
  let silentSinceMs: number | null = null;
  const { promise: hung, resolve: declareHung } = Promise.withResolvers<void>();

  /** A connection that does not answer may never do so again, and the pool would hand it out for ever. */
  function afterTimeout(timedOut: postgres.Sql): void {
    silentSinceMs ??= performance.now() - QUERY_TIMEOUT_MS;
    if (performance.now() - silentSinceMs >= HUNG_AFTER_MS) declareHung();
    if (timedOut !== sql || target.kind === "embedded") return;
    sql = connect(target);
    void timedOut.end({ timeout: 0 });
  }

  return {
    async query<Row extends object>(text: string, parameters: readonly Parameter[]) {
      if (outstanding >= MAX_OUTSTANDING)
        return err({ message: `${MAX_OUTSTANDING} statements wait for the database` });
      outstanding++;
      const pool = sql;
      try {
        // It goes on after our wait for it is over, and counts until it has really ended.
        const running = pool.unsafe<Row[]>(text, [...parameters], { prepare: true }).finally(() => {
          outstanding--;
        });
        const rows = await within(running, QUERY_TIMEOUT_MS);
        silentSinceMs = null;
        return ok([...rows]);
      } catch (thrown) {
        if (thrown instanceof TimedOut) afterTimeout(pool);
        return err({ message: describe(thrown) });
      }
    },
    hung,
    close: () => sql.end({ timeout: CLOSE_TIMEOUT_SECONDS }),
  };
}

function connect(target: DatabaseTarget): postgres.Sql {
  const shared = {
    onnotice: () => {},
    connect_timeout: QUERY_TIMEOUT_MS / 1_000,
    // Seconds. A database that comes back is used again soon, without a storm of attempts while it is away.
    backoff: (attempt: number) => Math.min(0.1 * 2 ** attempt, 2),
  };
  if (target.kind === "embedded") return postgres({ ...shared, ...target.options });
  return postgres({
    ...shared,
    ...target.options,
    max: MAX_CONNECTIONS,
    connection: { application_name: "policy-mesh", statement_timeout: STATEMENT_TIMEOUT_MS },
  });
}

class TimedOut extends Error {}

async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: Timer | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut()), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** PostgreSQL's own messages can quote a row's values; its SQLSTATE and a constraint's name cannot. */
function describe(thrown: unknown): string {
  if (thrown instanceof TimedOut) return `the database did not answer within ${QUERY_TIMEOUT_MS} ms`;
  if (thrown instanceof postgres.PostgresError) {
    const constraint = thrown.constraint_name ? ` on ${thrown.constraint_name}` : "";
    return `the database refused the statement (SQLSTATE ${thrown.code}${constraint})`;
  }
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "no code";
  return `the database cannot be reached (${code})`;
}
