import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { rootOf } from "../../src/audit/merkle.ts";
import { extendTiles } from "../../src/audit/tiles.ts";
import { err, ok } from "../../src/core/result.ts";
import type { NoteSigner } from "../../src/core/signed-note.ts";
import { openCheckpointFile } from "../../src/store/checkpoint-file.ts";
import { LogRounds } from "../../src/workers/log-round.ts";
import type { LogTree, LogWorld } from "../../src/workers/log-world.ts";
import { EmbeddedFixture } from "../support/embedded-fixture.ts";
import { LogDatabase, leavesOf, verifierOf } from "../support/log-database.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { signerNamed } from "../support/signed-log.ts";

const server = await startPostgresServer();
const fixture = new EmbeddedFixture();
const scratch = mkdtempSync(join(tmpdir(), "policy-mesh-log-"));
afterAll(async () => {
  await fixture.clean();
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const SIGNER = signerNamed("log.example/one");
const ROTATED = signerNamed("log.example/one", 2);
const RENAMED = signerNamed("log.example/two", 3);
const verifiers = [SIGNER, ROTATED, RENAMED].map(({ verifierKey }) => verifierOf(verifierKey));

const KINDS = [
  { kind: "embedded", skipped: false },
  { kind: "server", skipped: server === null },
] as const;

describe.each(KINDS)("signing the log on the $kind database", ({ kind, skipped }) => {
  let log: LogDatabase;
  let directory = "";

  beforeAll(async () => {
    if (skipped) return;
    const target =
      kind === "server" ? { kind, url: server?.url ?? "" } : { kind, at: await fixture.start(fixture.directory()) };
    log = await LogDatabase.open(target, scratch);
  }, 60_000);
  afterAll(() => (skipped ? undefined : log.close()));
  beforeEach(async () => {
    if (skipped) return;
    await log.reset();
    directory = mkdtempSync(join(scratch, "outside-"));
  });

  const pathOf = (name = "checkpoint") => join(directory, name);
  const outsideNote = (name?: string) => readFileSync(pathOf(name), "utf8");

  type Changes = Partial<LogWorld> & { readonly file?: string; readonly minAgeMs?: number };
  const rounds = ({ file, minAgeMs = 0, ...changes }: Changes = {}) =>
    new LogRounds(
      { tree: log.tree, outside: openCheckpointFile(pathOf(file)), signer: SIGNER, oldKeys: [], ...changes },
      minAgeMs,
    );
  const round = (changes?: Changes) => rounds(changes).run();
  const isTrue = async () => (await log.checkpoints(verifiers)).every((checkpoint) => checkpoint.isTrue);

  /** What the tables say of the tree. */
  const inTables = () => log.sql`
    select tree_size::integer, (select count(*)::integer from audit_checkpoints) as checkpoints,
      (select coalesce(string_agg(level || '/' || tile_index || ' ' || encode(sha256(hashes), 'hex'), ',' order by level,
        tile_index), '') from audit_tiles) as tiles
    from audit_log_tree`;

  /** The tables as they are now, to be put back like a backup. */
  async function backup() {
    const tables = ["audit_leaves", "audit_log_state", "audit_log_tree", "audit_tiles", "audit_checkpoints"];
    for (const table of tables) {
      await log.sql.unsafe(`drop table if exists backup_${table}`);
      await log.sql.unsafe(`create table backup_${table} as select * from ${table}`);
    }
    return async () => {
      for (const table of tables) {
        await log.sql.unsafe(`delete from ${table}`);
        await log.sql.unsafe(`insert into ${table} select * from backup_${table}`);
        await log.sql.unsafe(`drop table backup_${table}`);
      }
    };
  }

  async function refusedUntouched(changes: Changes | undefined, why: RegExp): Promise<void> {
    const [before, note] = [await inTables(), existsSync(pathOf(changes?.file)) && outsideNote(changes?.file)];
    const refused = await round(changes);
    expect(refused).toMatchObject({ kind: "refused", message: expect.stringMatching(why) });
    expect(await inTables()).toEqual(before);
    expect(existsSync(pathOf(changes?.file)) && outsideNote(changes?.file)).toEqual(note);
  }

  test.skipIf(skipped)("a log without leaves gets no checkpoint", async () => {
    expect(await round()).toEqual({ kind: "idle", size: 0 });
    expect(existsSync(pathOf())).toBe(false);
  });

  test.skipIf(skipped)(
    "leaves of rows and of actions come under signed checkpoints, in tiles and outside",
    async () => {
      const signing = rounds();
      for (const count of [1, 254, 1, 1, 299]) {
        await log.sequence(count);
        await log.act();
        expect(await signing.run()).toMatchObject({ kind: "signed", leafCount: count + 1, hasMore: false });
      }
      expect(await signing.run()).toEqual({ kind: "idle", size: 561 });
      const checkpoints = await log.checkpoints(verifiers);
      expect(checkpoints.map(({ size, isTrue }) => [size, isTrue])).toEqual(
        [2, 257, 259, 261, 561].map((size) => [size, true]),
      );
      expect(outsideNote()).toBe(checkpoints.at(-1)?.note ?? "");
      const tiles = await log.sql<{ level: number; index: number; hashes: Buffer }[]>`
      select level::integer, tile_index::integer as index, hashes from audit_tiles order by level, tile_index`;
      const expected = extendTiles(0, [], leavesOf(0, 561))?.tiles ?? [];
      expect(tiles.map((tile) => ({ ...tile, hashes: tile.hashes.toString("hex") }))).toEqual(
        expected.map((tile) => ({ ...tile, hashes: Buffer.from(tile.hashes).toString("hex") })),
      );
      const keys = await log.sql<{ key: string }[]>`select verifier_key as key from audit_log_keys`;
      expect([...keys]).toEqual([{ key: SIGNER.verifierKey }]);
    },
  );

  test.skipIf(skipped)("a long backlog is taken in portions, and does not wait between them", async () => {
    await log.sequence(20_000);
    const signing = rounds({ minAgeMs: 60_000 });
    expect(await signing.run()).toEqual({ kind: "signed", size: 16_384, leafCount: 16_384, hasMore: true });
    await log.sequence(15_000);
    expect(await signing.run()).toMatchObject({ kind: "signed", size: 32_768 });
    expect(await signing.run()).toMatchObject({ kind: "early" });
    expect(await isTrue()).toBe(true);
  });

  test.skipIf(skipped)(
    "replicas together sign no more often than one; a clock set back does not stop them",
    async () => {
      await log.sequence(3);
      expect(await round({ minAgeMs: 60_000 })).toMatchObject({ kind: "signed" });
      await log.sequence(3);
      const early = await round({ minAgeMs: 60_000, file: "another" });
      expect(early).toMatchObject({ kind: "early", waitMs: expect.any(Number) });
      await log.sql`update audit_checkpoints set signed_at = now() + interval '1 day'`;
      expect(await round({ minAgeMs: 60_000 })).toMatchObject({ kind: "signed", size: 6 });
    },
  );

  test.skipIf(skipped).each([
    ["each with a file of its own", (replica: number) => `outside-${replica}`],
    ["with one file for all", () => "outside"],
  ])("many signers at once make one chain, and those who lose write nothing: %s", async (_, fileOf) => {
    const files = Array.from({ length: 4 }, (_, replica) => fileOf(replica));
    const replicas = files.map((file) => rounds({ file }));
    const kinds: string[] = [];
    for (let wave = 0; wave < 12; wave++) {
      const sequencing = log.sequence(1 + ((wave * 67) % 130));
      const ended = await Promise.all(replicas.map((replica) => replica.run()));
      kinds.push(...ended.map(({ kind }) => kind));
      await sequencing;
    }
    for (const replica of [...replicas, ...replicas]) kinds.push((await replica.run()).kind);
    expect(new Set(kinds).difference(new Set(["signed", "lost", "idle"]))).toEqual(new Set());
    const checkpoints = await log.checkpoints(verifiers);
    expect(checkpoints).toHaveLength(kinds.filter((kind) => kind === "signed").length);
    expect(checkpoints.every((checkpoint) => checkpoint.isTrue)).toBe(true);
    const newest = checkpoints.at(-1)?.note ?? "none";
    for (const file of files) expect(outsideNote(file)).toBe(newest);
    expect(await log.tree.head()).toMatchObject({ ok: true, value: { treeSize: 534, nextIndex: 534 } });
  });

  describe("ended between steps", () => {
    const dying = (changes: Partial<LogTree>): Partial<LogWorld> => ({ tree: { ...log.tree, ...changes } });
    const gone = err({ message: "gone" });

    test.skipIf(skipped)(
      "after the file and before the database: the next one signs on, however far it is by then",
      async () => {
        await log.sequence(10);
        expect(await round(dying({ grow: async () => gone }))).toMatchObject({ kind: "failed", message: "gone" });
        expect(outsideNote()).toContain("\n10\n");
        expect(await inTables()).toMatchObject([{ tree_size: 0, checkpoints: 0 }]);
        await log.sequence(300);
        expect(await round()).toMatchObject({ kind: "signed", size: 310 });
        expect(await isTrue()).toBe(true);
      },
    );

    test.skipIf(skipped)("after the database and before its answer: nothing is signed twice", async () => {
      await log.sequence(10);
      const unheard: LogTree["grow"] = async (grown) => {
        await log.tree.grow(grown);
        return gone;
      };
      const signing = rounds(dying({ grow: unheard }));
      expect(await signing.run()).toMatchObject({ kind: "failed" });
      expect(await signing.run()).toEqual({ kind: "idle", size: 10 });
      expect(await inTables()).toMatchObject([{ tree_size: 10, checkpoints: 1 }]);
    });

    test.skipIf(skipped)("before the file: nothing is anywhere", async () => {
      await log.sequence(10);
      const outside = { ...openCheckpointFile(pathOf()), replace: async () => gone };
      expect(await round({ outside })).toMatchObject({ kind: "failed" });
      expect(await inTables()).toMatchObject([{ tree_size: 0, checkpoints: 0, tiles: "" }]);
    });
  });

  describe("a database that was set back", () => {
    test.skipIf(skipped)("is refused with the reason, and taken again when the newer one is there", async () => {
      await log.sequence(10);
      await round();
      const older = await backup();
      await log.sequence(10);
      await round();
      const newer = await backupOf(async () => older());
      await refusedUntouched(undefined, /has 10 leaves, and the checkpoint in .*checkpoint is of 20: .*set back/);
      await newer();
      expect(await round()).toEqual({ kind: "idle", size: 20 });
    });

    /** Keeps what is there, then runs `change`; what it gives puts the former back. */
    async function backupOf(change: () => Promise<void>) {
      const leaves = await log.sql`select * from audit_leaves`;
      const [tiles, checkpoints] = [
        await log.sql`select * from audit_tiles`,
        await log.sql`select * from audit_checkpoints`,
      ];
      const [state] = await log.sql`select next_index, tree_size from audit_log_state, audit_log_tree`;
      await change();
      return async () => {
        await log.sql`truncate audit_leaves, audit_tiles, audit_checkpoints`;
        await log.sql`insert into audit_leaves ${log.sql(leaves)}`;
        await log.sql`insert into audit_tiles ${log.sql(tiles)}`;
        await log.sql`insert into audit_checkpoints ${log.sql(checkpoints)}`;
        await log.sql`update audit_log_state set next_index = ${state?.["next_index"]}`;
        await log.sql`update audit_log_tree set tree_size = ${state?.["tree_size"]}`;
      };
    }

    test.skipIf(skipped)("is refused also after it went on with other leaves, signed or not", async () => {
      await log.sequence(10);
      await round();
      const older = await backup();
      await log.sequence(10);
      await round();
      await older();
      await log.sequence(30, "other ");
      await refusedUntouched(undefined, /first 20 leaves .* are not those/);
      expect(await round({ file: "of-another" })).toMatchObject({ kind: "signed", size: 40 });
      await refusedUntouched(undefined, /first 20 leaves .* are not those/);
    });

    test.skipIf(skipped)("can go on under a new name; what was signed before is kept as evidence", async () => {
      await log.sequence(10);
      await round();
      const older = await backup();
      await log.sequence(10);
      await round();
      const evidence = outsideNote();
      await older();
      const renamed = { signer: RENAMED, oldKeys: [verifierOf(SIGNER.verifierKey)] };
      await log.sequence(5, "other ");
      expect(await round(renamed)).toMatchObject({ kind: "signed", size: 15 });
      expect(outsideNote()).toStartWith("log.example/two\n15\n");
      const kept = readdirSync(directory).find((name) => name.startsWith("checkpoint.20-"));
      expect(readFileSync(join(directory, kept ?? "none"), "utf8")).toBe(evidence);
      expect(await round(renamed)).toEqual({ kind: "idle", size: 15 });
    });
  });

  describe("a key that was changed", () => {
    const old = [verifierOf(SIGNER.verifierKey)];

    test.skipIf(skipped)("goes on with the log where the key of before is trusted", async () => {
      await log.sequence(10);
      await round();
      await log.sequence(10);
      expect(await round({ signer: ROTATED, oldKeys: old })).toMatchObject({ kind: "signed", size: 20 });
      expect(await isTrue()).toBe(true);
      const keys = await log.sql<{ key: string }[]>`select verifier_key as key from audit_log_keys`;
      expect(keys.map(({ key }) => key).toSorted()).toEqual([SIGNER.verifierKey, ROTATED.verifierKey].toSorted());
    });

    test.skipIf(skipped)("signs nothing where it is not", async () => {
      await log.sequence(10);
      await round();
      await log.sequence(10);
      await refusedUntouched(
        { signer: ROTATED, file: "of-another" },
        /neither the one in use nor one of AUDIT_LOG_OLD_KEYS/,
      );
      await refusedUntouched({ signer: ROTATED }, /neither the one in use/);
    });

    test.skipIf(skipped)("a replica with the older key waits for a person, and does not disturb the log", async () => {
      await log.sequence(10);
      await round();
      await log.sequence(10);
      const [ahead, behind] = [rounds({ signer: ROTATED, oldKeys: old, file: "ahead" }), rounds({ file: "behind" })];
      expect(await ahead.run()).toMatchObject({ kind: "signed" });
      expect(await behind.run()).toMatchObject({ kind: "refused" });
      await log.sequence(1);
      expect(await ahead.run()).toMatchObject({ kind: "signed", size: 21 });
    });
  });

  describe("what was changed in the database or outside is not signed over", () => {
    const CHANGES: readonly [string, RegExp, () => Promise<unknown>][] = [
      ["a leaf that is gone", /Leaf 310 was sequenced/, () => log.sql`delete from audit_leaves where leaf_index = 310`],
      [
        "the last leaves gone",
        /Leaf 325 was sequenced/,
        () => log.sql`delete from audit_leaves where leaf_index >= 325`,
      ],
      [
        "a leaf that is there twice",
        /Leaf 311 was sequenced/,
        () =>
          log.sql`update audit_leaves set leaf_index = 310, received_at = received_at + interval '1 second'
            where leaf_index = 311`,
      ],
      [
        "all leaves gone",
        /sequenced 0 leaves, and its tree has 300/,
        async () => {
          await log.sql`truncate audit_leaves`;
          await log.sql`update audit_log_state set next_index = 0`;
        },
      ],
      ["no state", /lost the state/, () => log.sql`delete from audit_log_state`],
      [
        "a byte of a tile",
        /tiles do not give the root/,
        () =>
          log.sql`update audit_tiles set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) where level = 0 and tile_index = 1`,
      ],
      ["a tile gone", /tile at the edge/, () => log.sql`delete from audit_tiles where level = 1`],
      [
        "a shortened tile",
        /tile at the edge/,
        () =>
          log.sql`update audit_tiles set hashes = substring(hashes from 1 for 320) where level = 0 and tile_index = 1`,
      ],
      ["no checkpoint", /no checkpoint of it is there/, () => log.sql`truncate audit_checkpoints`],
      [
        "a changed note",
        /does not verify/,
        () => log.sql`update audit_checkpoints set note = replace(note, E'\n300\n', E'\n299\n')`,
      ],
      [
        "another root beside the note",
        /another root/,
        () => log.sql`update audit_checkpoints set root_hash = sha256(root_hash)`,
      ],
      [
        "another size of the tree",
        /is of 300 leaves, and the tree has 299/,
        () => log.sql`update audit_log_tree set tree_size = 299`,
      ],
      ["garbage outside", /is no checkpoint/, async () => writeFileSync(pathOf(), "nothing\n")],
      [
        "a checkpoint outside that we did not sign",
        /does not verify/,
        async () => {
          const forged = signCheckpoint({ size: 300, rootHash: rootOf(leavesOf(0, 300)) }, renamedTo(SIGNER, RENAMED));
          writeFileSync(pathOf(), forged.ok ? forged.value : "");
        },
      ],
      [
        "a file outside that is no file",
        /cannot be read/,
        async () => {
          rmSync(pathOf());
          mkdtempSync(join(directory, "x-"));
          await Bun.write(join(pathOf(), "inside"), "");
        },
      ],
    ];

    test.skipIf(skipped).each(CHANGES)("%s", async (_, why, change) => {
      await log.sequence(300);
      await round();
      await log.sequence(30);
      await change();
      const before = await inTables();
      expect(await round()).toMatchObject({ kind: "refused", message: expect.stringMatching(why) });
      expect(await inTables()).toEqual(before);
      await log.sql`insert into audit_log_state (next_index) values (0) on conflict do nothing`;
    });
  });

  test.skipIf(skipped)("a file that is behind or gone follows the log that others sign", async () => {
    await log.sequence(10);
    const mine = rounds({ file: "mine" });
    expect(await mine.run()).toMatchObject({ kind: "signed" });
    await log.sequence(10);
    await round({ file: "theirs" });
    expect(await mine.run()).toEqual({ kind: "idle", size: 20 });
    expect(outsideNote("mine")).toBe(outsideNote("theirs"));
    rmSync(pathOf("mine"));
    expect(await mine.run()).toEqual({ kind: "idle", size: 20 });
    expect(outsideNote("mine")).toBe(outsideNote("theirs"));
  });

  test.skipIf(skipped)("a database that is away is no reason to refuse", async () => {
    const away = { ...log.tree, head: async () => err({ message: "away" }) };
    expect(await round({ tree: away })).toEqual({ kind: "failed", message: "away" });
    await log.sequence(1);
    const unread = { ...log.tree, tiles: async () => ok([]), leaves: async () => err({ message: "away" }) };
    expect(await round({ tree: unread })).toEqual({ kind: "failed", message: "away" });
  });
});

/** A signer that gives itself out for another one. */
const renamedTo = (claimed: NoteSigner, actual: NoteSigner): NoteSigner => ({ ...claimed, sign: actual.sign });
