import { dirname, resolve } from "node:path";
import { err, ok, type Result } from "../../core/result.ts";
import { codeOf } from "../durable-file.ts";
import { acquireLock, type Lock } from "../lock.ts";
import type { OpenedSpool, SpoolFailure, SpoolLoss, SpoolOptions } from "./contract.ts";
import { DiskSpool } from "./disk-spool.ts";
import { type SpoolFiles, systemFiles } from "./files.ts";
import { parseLoss } from "./loss.ts";
import { Quarantine } from "./quarantine.ts";
import { readOpenItem } from "./reader.ts";
import { type Recovered, recover } from "./recover.ts";

const DEFAULT_SEGMENT_BYTES = 16_777_216;

/**
 * Takes the directory's lock, makes what is in it whole, and tells what was found. Nothing in it is ever given up
 * silently: where that cannot be held, it is refused. One segment at a time is held in memory.
 */
export async function openSpool(options: SpoolOptions): Promise<Result<OpenedSpool, SpoolFailure>> {
  const directory = resolve(options.directory);
  const lock = acquireLock(directory);
  if (!lock.ok) return err({ kind: lock.error.kind, message: lock.error.message });
  let opened: Result<OpenedSpool, SpoolFailure>;
  try {
    opened = await openLocked({ ...options, directory }, lock.value);
  } catch (cause) {
    const message = `The audit spool in ${directory} cannot be opened (${codeOf(cause)}).`;
    opened = err({ kind: "unusable", message });
  }
  if (!opened.ok) lock.value.release();
  return opened;
}

async function openLocked(options: SpoolOptions, lock: Lock): Promise<Result<OpenedSpool, SpoolFailure>> {
  const files = options.files ?? systemFiles;
  const { directory } = options;
  await files.flushDirectory(dirname(directory));
  const quarantine = await Quarantine.open(files, directory);
  const recovered = await recover(files, directory, quarantine);
  if (!recovered.ok) return recovered;
  const found = await readOpenItems(files, recovered.value);
  // Several segments fit, so one can go while another fills.
  const segmentBytes = Math.min(options.segmentBytes ?? DEFAULT_SEGMENT_BYTES, Math.ceil(options.maxBytes / 4));
  const parts = { options, files, segmentBytes, lock, quarantine, recovered: recovered.value };
  return ok({ spool: new DiskSpool(parts), truncatedBytes: recovered.value.truncatedBytes, ...found });
}

async function readOpenItems(files: SpoolFiles, { open, file }: Recovered) {
  const orphans: { id: string; payload: Buffer }[] = [];
  const quarantined: SpoolLoss[] = [];
  try {
    for (const [id, item] of open) {
      const { payload } = await readOpenItem(files, item);
      if (item.type === "intent") orphans.push({ id, payload });
      else quarantined.push(parseLoss(id, payload));
    }
  } catch (cause) {
    await file.close();
    throw cause;
  }
  return { orphans, quarantined };
}
