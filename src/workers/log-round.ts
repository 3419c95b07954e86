import { type Checkpoint, signCheckpoint } from "../audit/checkpoint.ts";
import { TreeGrowth } from "../audit/growth.ts";
import { HASH_BYTES } from "../audit/merkle.ts";
import { edgeTilesOf, readerOf, rootFromTiles } from "../audit/tiles.ts";
import { err, ok, type Result } from "../core/result.ts";
import { type NoteVerifier, parseVerifierKey } from "../core/signed-note.ts";
import { type Footing, judgeLog, refuse } from "./judge-log.ts";
import type { LogFailure, LogHead, LogWorld } from "./log-world.ts";

/** How a round of signing ended. */
export type Round =
  | { readonly kind: "signed"; readonly size: number; readonly leafCount: number; readonly hasMore: boolean }
  /** The tree covers all that is sequenced. */
  | { readonly kind: "idle"; readonly size: number }
  /** There are new leaves, and the newest checkpoint is younger than `minAgeMs`. */
  | { readonly kind: "early"; readonly waitMs: number }
  /** Another replica was first. */
  | { readonly kind: "lost" }
  /** The database or the file did not answer as it should; worth another try. */
  | { readonly kind: "failed"; readonly message: string }
  /** Signing would say what is not so; only a person can resolve it. */
  | { readonly kind: "refused"; readonly message: string };

type Stop = Extract<Round, { readonly message: string }>;

/** How long hashing a portion of leaves holds the event loop: about 10 ms. */
const LEAVES_PER_READ = 2_048;
/** Of one checkpoint; bounds the memory of a round, and the statement that commits it. */
const MAX_LEAVES_PER_CHECKPOINT = 16_384;

/** Takes the tree to what is sequenced, one checkpoint a round. Remembers what it signed last, so as not to read it again. */
export class LogRounds {
  readonly #world: LogWorld;
  readonly #minAgeMs: number;
  readonly #verifiers: readonly NoteVerifier[];
  /** The tree as of a checkpoint that was verified, and which checkpoint outside it was found to go on from. */
  #known: { readonly note: string; readonly outside: string | null; readonly tree: TreeGrowth } | null = null;

  constructor(world: LogWorld, minAgeMs: number) {
    this.#world = world;
    this.#minAgeMs = minAgeMs;
    const own = parseVerifierKey(world.signer.verifierKey);
    if (!own.ok) throw new Error(own.error.message);
    this.#verifiers = [own.value, ...world.oldKeys];
  }

  /** One look at the log, and a checkpoint where one is due, or would be soon. Never throws for what the world does. */
  async run({ minAgeMs = this.#minAgeMs }: { readonly minAgeMs?: number } = {}): Promise<Round> {
    const round = await this.#run(minAgeMs);
    return round.ok ? round.value : round.error;
  }

  async #run(minAgeMs: number): Promise<Result<Round, Stop>> {
    const { tree, outside, signer } = this.#world;
    // Read before the head: what another replica keeps there was sequenced by then, so the head cannot seem older.
    const kept = refusing(await outside.read());
    if (!kept.ok) return kept;
    const head = failing(await tree.head());
    if (!head.ok) return head;
    const place = { path: outside.path, note: kept.value };
    const footing = refusing(judgeLog(head.value, place, signer.keyName, this.#verifiers));
    if (!footing.ok) return footing;
    const growth = await this.#standOn(footing.value, kept.value);
    if (!growth.ok) return growth;
    const { nextIndex, treeSize } = footing.value.head;
    if (nextIndex === treeSize) return await this.#idle(footing.value);
    const waitMs = waitFor(footing.value.head, minAgeMs);
    if (waitMs > 0) return ok({ kind: "early", waitMs });
    const grown = await this.#grow(growth.value, footing.value);
    return grown.ok ? await this.#publish(growth.value, footing.value) : grown;
  }

  /** The tree in the database, once it was found to be the one that was signed, here and outside. */
  async #standOn(footing: Footing, outsideNote: string | null): Promise<Result<TreeGrowth, Stop>> {
    const { head } = footing;
    const note = head.checkpoint?.note ?? "";
    if (this.#known?.note === note && this.#known.outside === outsideNote) return ok(this.#known.tree.settled());
    const known = footing.outside !== null && footing.outside.size <= head.treeSize ? footing.outside : null;
    const wanted = [...edgeTilesOf(head.treeSize), ...edgeTilesOf(known?.size ?? 0)];
    const tiles = failing(await this.#world.tree.tiles(wanted));
    if (!tiles.ok) return tiles;
    const tree = TreeGrowth.from(head.treeSize, tiles.value);
    if (tree === null) return refusing(refuse("A tile at the edge of the tree is missing or too short"));
    if (footing.newest !== null && !tree.root.equals(footing.newest.rootHash)) {
      return refusing(refuse("The tiles do not give the root that the newest checkpoint was signed for"));
    }
    if (known !== null && rootFromTiles(known.size, readerOf(tiles.value))?.equals(known.rootHash) !== true) {
      return refusing(this.#inconsistent(known));
    }
    this.#known = { note, outside: outsideNote, tree: tree.settled() };
    return ok(tree);
  }

  /** The file follows a tree that others sign; one that goes on under a new name waits for a checkpoint of its own. */
  async #idle({ head, newest, outside, foreign }: Footing): Promise<Result<Round, Stop>> {
    const isOurs = newest?.origin === this.#world.signer.keyName && foreign === null;
    if (isOurs && head.checkpoint !== null && newest.size > (outside?.size ?? 0)) {
      const written = failing(await this.#world.outside.replace(head.checkpoint.note));
      if (!written.ok) return written;
    }
    return ok({ kind: "idle", size: head.treeSize });
  }

  /** Appends what is sequenced, up to the bound; but always as far as the checkpoint outside, which is checked on the way. */
  async #grow(tree: TreeGrowth, { head, outside }: Footing): Promise<Result<void, Stop>> {
    const known = outside !== null && outside.size > head.treeSize ? outside : null;
    const bound = Math.max(head.treeSize + MAX_LEAVES_PER_CHECKPOINT, known?.size ?? 0);
    const end = Math.min(head.nextIndex, bound);
    while (tree.size < end) {
      const stopAt = known !== null && tree.size < known.size ? known.size : end;
      const appended = await this.#append(tree, Math.min(stopAt - tree.size, LEAVES_PER_READ));
      if (!appended.ok) return appended;
      if (tree.size === known?.size && !tree.root.equals(known.rootHash)) return refusing(this.#inconsistent(known));
    }
    return ok(undefined);
  }

  async #append(tree: TreeGrowth, count: number): Promise<Result<void, Stop>> {
    const read = failing(await this.#world.tree.leaves(tree.size, count));
    if (!read.ok) return read;
    const { hashes, brokenAt } = read.value;
    const isShort = hashes.length !== count * HASH_BYTES;
    const missing = brokenAt ?? (isShort ? tree.size + Math.floor(hashes.length / HASH_BYTES) : null);
    if (missing !== null) {
      return refusing(refuse(`Leaf ${missing} was sequenced, and is missing in the database or there twice`));
    }
    tree.append(hashes);
    return ok(undefined);
  }

  /** Outside first: whatever the database says later, it cannot be less than was signed. */
  async #publish(tree: TreeGrowth, { head, foreign }: Footing): Promise<Result<Round, Stop>> {
    const { signer, outside } = this.#world;
    const signed = signCheckpoint({ size: tree.size, rootHash: tree.root }, signer);
    if (!signed.ok) throw new Error(signed.error.message);
    const note = signed.value;
    const aside = foreign === null ? ok(undefined) : failing(await outside.setAside(nameOf(foreign)));
    const written = aside.ok ? failing(await outside.replace(note)) : aside;
    if (!written.ok) return written;
    const { size, root: rootHash, changed: tiles } = tree;
    const { verifierKey } = signer;
    const grown = await this.#world.tree.grow({ fromSize: head.treeSize, size, rootHash, tiles, note, verifierKey });
    this.#known = grown.ok && grown.value ? { note, outside: note, tree: tree.settled() } : null;
    if (!grown.ok) return failing(grown);
    if (!grown.value) return ok({ kind: "lost" });
    return ok({ kind: "signed", size, leafCount: size - head.treeSize, hasMore: size < head.nextIndex });
  }

  #inconsistent({ size }: Checkpoint): Result<never, LogFailure> {
    const { path } = this.#world.outside;
    return refuse(
      `The first ${size} leaves in the database are not those that the checkpoint in ${path} was signed for`,
    );
  }
}

/** By the database's clock, so that replicas do not sign more often together than one alone. */
function waitFor({ checkpoint, nextIndex, treeSize }: LogHead, minAgeMs: number): number {
  if (nextIndex - treeSize >= MAX_LEAVES_PER_CHECKPOINT) return 0;
  const ageMs = checkpoint?.ageMs ?? minAgeMs;
  return ageMs < 0 ? 0 : Math.max(0, Math.ceil(minAgeMs - ageMs));
}

const nameOf = ({ size, rootHash }: Checkpoint): string =>
  `${size}-${Buffer.from(rootHash).toString("hex").slice(0, 8)}`;

const failing = <T>(result: Result<T, LogFailure>): Result<T, Stop> =>
  result.ok ? result : err({ kind: "failed", message: result.error.message });
const refusing = <T>(result: Result<T, LogFailure>): Result<T, Stop> =>
  result.ok ? result : err({ kind: "refused", message: result.error.message });
