import postgres from "postgres";
import { err, ok, type Result } from "../core/result.ts";
import type { PostgresOptions } from "./embedded/embedded.ts";
import type { ClientOptions } from "./migrations/client-options.ts";

/** Where rows go: the server that `DATABASE_URL` names, or the one inside this process. */
export type DatabaseTarget =
  | { readonly kind: "server"; readonly options: ClientOptions }
  | { readonly kind: "embedded"; readonly options: PostgresOptions };

/** For the operator's log; holds no parameter, no row and no credential. */
export type DatabaseFailure = {
  readonly message: string;
  /** SQLSTATE; null where the database did not answer. */
  readonly code: string | null;
  /** Whose rule a row broke; a partition's own name where it was one. Null where none did. */
  readonly table: string | null;
};

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
/** Nothing is under way any more then; a connection that was lost with a statement on it would be waited for in vain. */
const CLOSE_TIMEOUT_SECONDS = 1;
const MAX_CONNECTIONS = 10;
/** Statements that wait or run. A database that has stopped answering must not gather more of them than this. */
const MAX_OUTSTANDING = 1_000;

/** Connections with when any of them last answered. */
type Pool = { readonly sql: postgres.Sql; answeredAtMs: number };

/** Connects when first asked to, and again whenever a connection is lost or dead; opening does no I/O. */
export function openDatabase(target: DatabaseTarget): Database {
  const open = (): Pool => ({ sql: connect(target), answeredAtMs: Number.NEGATIVE_INFINITY });
  let pool = open();
  let outstanding = 0;
  let silentSinceMs: number | null = null;
  const { promise: hung, resolve: declareHung } = Promise.withResolvers<void>();

  function noteAnswer(asked: Pool): void {
    asked.answeredAtMs = performance.now();
    silentSinceMs = null;
  }

  /**
   * A late answer alone says that the database is slow. Connections that have answered nothing at all since may never
   * do so again, and would be handed out for ever.
   */
  function afterTimeout(asked: Pool, askedAtMs: number): void {
    if (asked.answeredAtMs >= askedAtMs) return;
    silentSinceMs ??= askedAtMs;
    if (performance.now() - silentSinceMs >= HUNG_AFTER_MS) declareHung();
    if (asked !== pool || target.kind === "embedded") return;
    pool = open();
    void asked.sql.end({ timeout: CLOSE_TIMEOUT_SECONDS });
  }

  /** Its end is noted however late it comes, after our own wait for it is over. */
  async function run<Row extends object>(asked: Pool, text: string, parameters: readonly Parameter[]) {
    try {
      const rows = await asked.sql.unsafe<Row[]>(text, [...parameters], { prepare: true });
      noteAnswer(asked);
      return [...rows];
    } catch (thrown) {
      if (thrown instanceof postgres.PostgresError) noteAnswer(asked);
      throw thrown;
    } finally {
      outstanding--;
    }
  }

  return {
    async query<Row extends object>(text: string, parameters: readonly Parameter[]) {
      if (outstanding >= MAX_OUTSTANDING) return err(unanswered(`${MAX_OUTSTANDING} statements wait for the database`));
      outstanding++;
      const asked = pool;
      const askedAtMs = performance.now();
      try {
        return ok(await within(run<Row>(asked, text, parameters), QUERY_TIMEOUT_MS));
      } catch (thrown) {
        if (thrown instanceof TimedOut) afterTimeout(asked, askedAtMs);
        return err(failureOf(thrown));
      }
    },
    hung,
    close: () => pool.sql.end({ timeout: CLOSE_TIMEOUT_SECONDS }),
  };
}

function connect(target: DatabaseTarget): postgres.Sql {
  const shared = {
    onnotice: () => {},
    // The client would ask each new connection for its types of arrays, and nobody would catch it where that one is lost
    // meanwhile: a rejected promise that ends the process. Arrays are written as literals here and read as JSON.
    fetch_types: false,
    connect_timeout: QUERY_TIMEOUT_MS / 1_000,
    // Seconds. A database that comes back is used again soon, without a storm of attempts while it is away.
    backoff: (attempt: number) => Math.min(0.1 * 2 ** attempt, 2),
  };
  if (target.kind === "embedded") return postgres({ ...shared, ...target.options });
  return postgres({
    ...shared,
    ...target.options,
    max: MAX_CONNECTIONS,
    connection: {
      application_name: "policy-mesh",
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // Over a year of daily partitions a statement of some milliseconds looks dear enough to a planner to be compiled
      // first, for seconds.
      jit: "off",
      // What it says it has committed goes from the spool, so it has to be on its disk, whatever the server's default is.
      synchronous_commit: "on",
    },
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

const unanswered = (message: string): DatabaseFailure => ({ message, code: null, table: null });

/** PostgreSQL's own messages can quote a row's values; its SQLSTATE and the names of its objects cannot. */
function failureOf(thrown: unknown): DatabaseFailure {
  if (thrown instanceof TimedOut) return unanswered(`the database did not answer within ${QUERY_TIMEOUT_MS} ms`);
  if (thrown instanceof postgres.PostgresError) {
    const constraint = thrown.constraint_name ? ` on ${thrown.constraint_name}` : "";
    const message = `the database refused the statement (SQLSTATE ${thrown.code}${constraint})`;
    // Where a row finds no partition there is a table, too, but no rule that the row breaks.
    const isRuleOfRow = Boolean(thrown.constraint_name || thrown.column_name);
    return { message, code: thrown.code, table: (isRuleOfRow && thrown.table_name) || null };
  }
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "no code";
  return unanswered(`the database cannot be reached (${code})`);
}
