import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenedSpool, SpooledRecord, SpoolOptions } from "../../src/store/spool/contract.ts";
import { openSpool } from "../../src/store/spool/spool.ts";

/** Spools of one test: closed, and their directories removed, by `end`. */
export class SpoolWorld {
  readonly directory = mkdtempSync(join(tmpdir(), "policy-mesh-spool-"));
  readonly #opened: OpenedSpool[] = [];

  async open(options: Partial<SpoolOptions> = {}): Promise<OpenedSpool> {
    const opened = await this.tryOpen(options);
    if (!opened.ok) throw new Error(opened.error.message);
    return opened.value;
  }

  async tryOpen(options: Partial<SpoolOptions> = {}) {
    const opened = await openSpool({ directory: this.directory, maxBytes: 1_048_576, ...options });
    if (opened.ok) this.#opened.push(opened.value);
    return opened;
  }

  async end(): Promise<void> {
    for (const { spool } of this.#opened) await spool.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function appendRequest({ spool }: OpenedSpool, id: string, payloadBytes = 0): Promise<number> {
  await appendIntent({ spool }, id, payloadBytes);
  return appendFinal({ spool }, id, payloadBytes);
}

export async function appendIntent({ spool }: Pick<OpenedSpool, "spool">, id: string, payloadBytes = 0): Promise<void> {
  const taken = await spool.appendIntent(id, Buffer.from(`intent ${id}`.padEnd(payloadBytes)));
  if (!taken.ok) throw new Error(taken.error.message);
}

export async function appendFinal(
  { spool }: Pick<OpenedSpool, "spool">,
  id: string | null,
  payloadBytes = 0,
): Promise<number> {
  const taken = await spool.appendFinal(id, (seq) => Buffer.from(finalText(seq, id).padEnd(payloadBytes)));
  if (!taken.ok) throw new Error(taken.error.message);
  return taken.value;
}

export const finalText = (seq: number, id: string | null): string => `final ${seq} ${id}`;

/** All that can be read, as `seq: text`. */
export async function readAll({ spool }: Pick<OpenedSpool, "spool">): Promise<string[]> {
  return (await readRecords({ spool })).map(({ seq, payload }) => `${seq}: ${payload.toString().trimEnd()}`);
}

export async function readRecords({ spool }: Pick<OpenedSpool, "spool">): Promise<SpooledRecord[]> {
  const records: SpooledRecord[] = [];
  for (;;) {
    const read = await spool.read(records.at(-1)?.seq ?? 0, 7);
    if (!read.ok) throw new Error(read.error.message);
    if (read.value.length === 0) return records;
    records.push(...read.value);
  }
}
