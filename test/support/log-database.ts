import { createHash } from "node:crypto";
import { join } from "node:path";
import postgres from "postgres";
import { openCheckpoint } from "../../src/audit/checkpoint.ts";
import { rootOf } from "../../src/audit/merkle.ts";
import { type NoteVerifier, parseVerifierKey } from "../../src/core/signed-note.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import type { EmbeddedPostgres } from "../../src/store/embedded/embedded.ts";
import { createLogTree } from "../../src/store/log-tree.ts";
import { migrate } from "../../src/store/migrate.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";

type Target =
  | { readonly kind: "server"; readonly url: string }
  | { readonly kind: "embedded"; readonly at: EmbeddedPostgres };

/** A migrated database with a log in it, and what only a test may do to that. */
export class LogDatabase {
  readonly database: Database;
  readonly sql: postgres.Sql;
  readonly tree: ReturnType<typeof createLogTree>;

  private constructor(database: Database, sql: postgres.Sql) {
    this.database = database;
    this.sql = sql;
    this.tree = createLogTree(database);
  }

  static async open(target: Target, workDir: string): Promise<LogDatabase> {
    const url = target.kind === "server" ? target.url : target.at.dbmateUrl;
    const exclusive = target.kind === "embedded";
    const migrated = await migrate(url, { workDir: join(workDir, "bin"), timeoutMs: 60_000, exclusive });
    if (!migrated.ok) throw new Error(migrated.error.message);
    const options = target.kind === "server" ? clientOptions(target.url) : target.at.postgresOptions;
    if (options === null) throw new Error("not a PostgreSQL URL");
    const database =
      target.kind === "server"
        ? openDatabase({ kind: "server", options: mustParse(target.url) })
        : openDatabase({ kind: "embedded", options: target.at.postgresOptions });
    return new LogDatabase(database, postgres({ ...options, max: 1, onnotice() {} }));
  }

  /** As it was made. */
  async reset(): Promise<void> {
    await this.sql`truncate audit_events, audit_leaves, audit_actions, audit_tiles, audit_checkpoints, audit_log_keys`;
    await this.sql`update audit_log_state set next_index = 0`;
    await this.sql`update audit_log_tree set tree_size = 0`;
  }

  /** Adds leaves as a batch of rows does. Those of another `world` have other hashes. */
  async sequence(count: number, world = ""): Promise<void> {
    const [state] = await this.sql<{ next: number }[]>`select next_index::integer as next from audit_log_state`;
    const first = state?.next ?? 0;
    const hashes = leavesOf(first, count, world).map((leaf) => leaf.toString("hex"));
    await this.sql`
      with moved as (update audit_log_state set next_index = next_index + ${count} returning next_index - ${count} as first)
      insert into audit_leaves (leaf_index, request_id, received_at, leaf_hash)
      select moved.first + leaf.place - 1, gen_random_uuid(), now(), decode(leaf.hash, 'hex')
      from moved cross join unnest(${hashes}::text[]) with ordinality as leaf (hash, place)`;
  }

  /** Adds one leaf as an action does. */
  async act(): Promise<void> {
    const [state] = await this.sql<{ next: number }[]>`select next_index::integer as next from audit_log_state`;
    const [leaf] = leavesOf(state?.next ?? 0, 1);
    await this.sql`
      with moved as (update audit_log_state set next_index = next_index + 1 returning next_index - 1 as first)
      insert into audit_actions (action_id, leaf_index, leaf_hash, record_version, kind, performed_at, details, salt)
      select gen_random_uuid(), first, decode(${leaf?.toString("hex") ?? ""}, 'hex'), 1, 'erasure', now(), '{}',
        decode(repeat('00', 16), 'hex')
      from moved`;
  }

  /** Of every checkpoint that is there, with what is wrong with it. */
  async checkpoints(verifiers: readonly NoteVerifier[], world = "") {
    const rows = await this.sql<{ size: number; note: string; root: string }[]>`
      select tree_size::integer as size, note, encode(root_hash, 'hex') as root from audit_checkpoints order by tree_size`;
    const [last] = rows.slice(-1);
    const leaves = leavesOf(0, last?.size ?? 0, world);
    return rows.map(({ size, note, root }) => {
      const opened = openCheckpoint(note, verifiers);
      const signed = opened.ok ? Buffer.from(opened.value.rootHash).toString("hex") : opened.error.code;
      const expected = rootOf(leaves.slice(0, size)).toString("hex");
      return {
        size,
        note,
        isTrue: opened.ok && opened.value.size === size && signed === expected && root === expected,
      };
    });
  }

  async close(): Promise<void> {
    await this.sql.end({ timeout: 1 });
    await this.database.close();
  }
}

/** What `sequence` adds, by index. */
export const leavesOf = (first: number, count: number, world = ""): Buffer[] =>
  Array.from({ length: count }, (_, at) =>
    createHash("sha256")
      .update(`${world}leaf ${first + at}`)
      .digest(),
  );

export function verifierOf(key: string): NoteVerifier {
  const verifier = parseVerifierKey(key);
  if (!verifier.ok) throw new Error(verifier.error.message);
  return verifier.value;
}

function mustParse(url: string): NonNullable<ReturnType<typeof clientOptions>> {
  const options = clientOptions(url);
  if (options === null) throw new Error("not a PostgreSQL URL");
  return options;
}
