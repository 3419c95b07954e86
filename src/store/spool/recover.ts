import { join } from "node:path";
import { err, ok, type Result } from "../../core/result.ts";
import { type Assessed, assessSegment, type KeptFrame, type SeqGap } from "./assess.ts";
import type { SpoolFailure } from "./contract.ts";
import type { SpoolFile, SpoolFiles } from "./files.ts";
import { encodeHeaders, type Frame, HEADERS_BYTES } from "./frame.ts";
import type { Quarantine } from "./quarantine.ts";
import { scanSegment } from "./scan.ts";
import { type OpenItem, Segment, segmentName, segmentNumber } from "./segment.ts";
import { PARTIAL_SUFFIX, writeFile } from "./write-file.ts";

export type Recovered = {
  readonly instanceId: string;
  /** Oldest first; the last one is appended to. Never empty. */
  readonly segments: readonly Segment[];
  /** The last segment's. */
  readonly file: SpoolFile;
  readonly open: Map<string, OpenItem>;
  readonly gaps: readonly SeqGap[];
  readonly truncatedBytes: number;
  readonly nextSeq: number;
};

type Head = { readonly number: number; readonly instanceId: string | null; readonly firstSeq: number | null };

/**
 * Makes of what the last process left, however it ended, a spool that is whole and on stable storage. Rejects with the
 * system's error; then nothing that can be read is lost, and it can be tried again.
 */
export async function recover(
  files: SpoolFiles,
  directory: string,
  quarantine: Quarantine,
): Promise<Result<Recovered, SpoolFailure>> {
  const heads = await readHeads(files, directory);
  if (heads.length === 0) return ok(await newSpool(files, directory));
  const [instanceId, ...others] = new Set(heads.flatMap((head) => head.instanceId ?? []));
  if (instanceId === undefined) return err({ kind: "unreadable", message: unreadable(directory) });
  if (others.length > 0) return err({ kind: "unreadable", message: mixed(directory) });
  const recovery = new Recovery(files, directory, quarantine, instanceId);
  for (const [index, head] of heads.entries()) {
    await recovery.take(head, heads.slice(index + 1));
  }
  return ok(recovery.finish());
}

async function newSpool(files: SpoolFiles, directory: string): Promise<Recovered> {
  const instanceId = crypto.randomUUID();
  const segment = new Segment(directory, 1, 1);
  const file = await createSegment(files, directory, segment, instanceId, []);
  return { instanceId, segments: [segment], file, open: new Map(), gaps: [], truncatedBytes: 0, nextSeq: 1 };
}

/** On stable storage when it resolves, and open to be appended to. */
export async function createSegment(
  files: SpoolFiles,
  directory: string,
  segment: Segment,
  instanceId: string,
  frames: readonly KeptFrame[],
): Promise<SpoolFile> {
  const headers = encodeHeaders(instanceId, segment.number, segment.firstSeq);
  const parts = [headers, ...frames.map((frame) => frame.bytes)];
  segment.byteCount = parts.reduce((sum, part) => sum + part.length, 0);
  return writeFile(files, directory, segmentName(segment.number), [Buffer.concat(parts)]);
}

/** What the segments say of themselves, oldest first. Files that were never finished are removed. */
async function readHeads(files: SpoolFiles, directory: string): Promise<Head[]> {
  const heads: Head[] = [];
  for (const name of await files.list(directory)) {
    if (name.endsWith(PARTIAL_SUFFIX)) await files.remove(join(directory, name));
    const number = segmentNumber(name);
    if (number === null) continue;
    const headers = scanSegment(await files.read(join(directory, name), 0, HEADERS_BYTES)).map((item) => item.frame);
    const header = headers.find((frame) => frame?.type === "header");
    // Of a file under another's name the instance is right, the numbers are not.
    const firstSeq = header?.segment === number ? header.firstSeq : null;
    heads.push({ number, instanceId: header?.instanceId ?? null, firstSeq });
  }
  return heads.sort((one, other) => one.number - other.number);
}

class Recovery {
  readonly #files: SpoolFiles;
  readonly #directory: string;
  readonly #quarantine: Quarantine;
  readonly #instanceId: string;
  readonly #segments: Segment[] = [];
  readonly #open = new Map<string, OpenItem>();
  readonly #gaps: SeqGap[] = [];
  #file: SpoolFile | null = null;
  #truncatedBytes = 0;
  #nextSeq: number | null = null;

  constructor(files: SpoolFiles, directory: string, quarantine: Quarantine, instanceId: string) {
    this.#files = files;
    this.#directory = directory;
    this.#quarantine = quarantine;
    this.#instanceId = instanceId;
  }

  async take(head: Head, after: readonly Head[]): Promise<void> {
    const path = join(this.#directory, segmentName(head.number));
    const bytes = await this.#files.read(path, 0, await this.#files.size(path));
    // Where a segment before it is missing, its own number comes too late: the gap is found by the one before.
    const expectedSeq = this.#nextSeq ?? head.firstSeq;
    const nextFirstSeq = after.find((one) => one.firstSeq !== null)?.firstSeq ?? null;
    const isLast = after.length === 0;
    const assessed = assessSegment(bytes, { number: head.number, expectedSeq, nextFirstSeq, isLast });
    for (const { loss, bytes: lost } of assessed.losses) {
      if (loss.file !== "") await this.#quarantine.keep(loss.file, lost);
    }
    const firstSeq = head.firstSeq ?? expectedSeq ?? firstFinalSeq(assessed) ?? assessed.nextSeq;
    const segment = new Segment(this.#directory, head.number, firstSeq);
    await this.#settle(segment, assessed, bytes.length, isLast);
    this.#note(segment, assessed);
  }

  /**
   * The last segment is always written anew: after a failed flush the system may show what the disk does not have, and
   * would not try again to write it.
   */
  async #settle(segment: Segment, assessed: Assessed, byteCount: number, isLast: boolean): Promise<void> {
    segment.byteCount = byteCount;
    if (!isLast && !assessed.changed) return;
    const file = await createSegment(this.#files, this.#directory, segment, this.#instanceId, assessed.frames);
    if (isLast) this.#file = file;
    else await file.close();
  }

  #note(segment: Segment, assessed: Assessed): void {
    this.#segments.push(segment);
    this.#gaps.push(...assessed.gaps);
    this.#truncatedBytes += assessed.truncatedBytes;
    this.#nextSeq = assessed.nextSeq;
    let offset = HEADERS_BYTES;
    for (const { frame, bytes } of assessed.frames) {
      this.#noteFrame(segment, frame, offset, bytes.length);
      offset += bytes.length;
    }
  }

  #noteFrame(segment: Segment, frame: Frame, offset: number, frameBytes: number): void {
    if (frame.type === "final") segment.addFinal(frame.seq, offset, frame.atMs);
    const id = frame.type === "header" ? null : frame.id;
    if (id === null) return;
    // One that was carried forward stands in two segments: the later place counts.
    const before = this.#open.get(id);
    if (before?.segment) before.segment.openCount -= 1;
    this.#open.delete(id);
    if (frame.type === "header" || frame.type === "final") return;
    segment.openCount += 1;
    this.#open.set(id, { type: frame.type, segment, offset, frameBytes, ending: false });
  }

  finish(): Recovered {
    const { file, nextSeq } = { file: this.#file, nextSeq: this.#nextSeq };
    if (file === null || nextSeq === null) throw new Error("a spool was recovered without its last segment");
    return {
      instanceId: this.#instanceId,
      segments: this.#segments,
      file,
      open: this.#open,
      gaps: this.#gaps,
      truncatedBytes: this.#truncatedBytes,
      nextSeq,
    };
  }
}

const firstFinalSeq = ({ frames }: Assessed): number | null =>
  frames.map(({ frame }) => frame).find((frame) => frame.type === "final")?.seq ?? null;

const unreadable = (directory: string): string =>
  `No segment in ${directory} says whose records it holds: both copies of that are damaged. Move the directory away to start a new spool, and keep it: its records may not be in the database.`;
const mixed = (directory: string): string =>
  `Segments of more than one spool stand in ${directory}. Move those away that do not belong there.`;
