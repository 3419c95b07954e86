import { randomBytes } from "node:crypto";
import { keysOfSeed, type NoteSigner, parseSignerKey } from "../../src/core/signed-note.ts";
import type { Telemetry } from "../../src/gateway/deps.ts";
import { createSpooledAudit, recoverSpool } from "../../src/store/audit-spool.ts";
import { openCheckpointFile } from "../../src/store/checkpoint-file.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { type SpoolFiles, systemFiles } from "../../src/store/spool/files.ts";
import { openSpool } from "../../src/store/spool/spool.ts";
import { startIntegrating } from "../../src/workers/integrate-log.ts";
import { startShipping } from "../../src/workers/ship-audit.ts";

export type InstanceOptions = {
  /** Of the spool. */
  readonly directory: string;
  /** The database; null where rows are to stay on the spool. */
  readonly url: string | null;
  readonly mode?: "durable" | "strict";
  readonly segmentBytes?: number;
  readonly maxBytes?: number;
  /** Whether what is written is flushed to the disk (true). */
  readonly fsync?: boolean;
  /** After so many flushes each one fails. */
  readonly breakFlushAfter?: number;
  /** The key that signs checkpoints, and where the last one is kept; without it nobody signs. */
  readonly signing?: Signing;
};

export type Signing = {
  readonly signerKey: string;
  readonly checkpointFile: string;
  /** The least time between two checkpoints, in milliseconds, where it is not to be the usual one. */
  readonly minAgeMs?: number;
  /** Where the process dies by SIGKILL on its way to so many checkpoints: once that is kept outside, or committed too. */
  readonly dieAt?: { readonly step: "kept" | "committed"; readonly count: number };
};

type Heard = Partial<Pick<Telemetry, "checkpointSigned">>;

/** A bug ends the process. */
const TELEMETRY = {
  auditShipped() {},
  auditShipFailed() {},
  auditRefused() {},
  checkpointSigned() {},
  signerState() {},
  bug({ error }: { readonly error: unknown }): void {
    queueMicrotask(() => {
      throw error;
    });
  },
};

const MAX_BYTES = 1_073_741_824;
const STOP_TIMEOUT_MS = 10_000;

/** What a gateway has behind its audit, wired as it does it, with faults where they are asked for. */
export async function openInstance(options: InstanceOptions, now: () => Date, heard: Heard = {}) {
  const { directory, url, mode = "durable", segmentBytes, maxBytes = MAX_BYTES } = options;
  const opened = await openSpool({
    directory,
    maxBytes,
    now,
    files: filesOf(options),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  if (!opened.ok) throw new Error(opened.error.message);
  const { spool } = opened.value;
  const recovered = await recoverSpool(opened.value, now());
  if (!recovered.ok) throw new Error(recovered.error.message);
  const store = url === null ? null : await mustOpen(directory, url);
  const workers = store === null ? null : startWorkers(store, options, spool, now, heard);
  const shippedThrough = async (seq: number, timeoutMs: number) =>
    (await workers?.shipping.shippedThrough(seq, timeoutMs)) ?? false;
  return {
    spool,
    audit: createSpooledAudit({
      spool,
      mode,
      ping: async () => (store === null ? { ok: true, value: undefined } : store.ping()),
      shippedThrough,
    }),
    /** Whether the database has all that was put on record so far. */
    shipped: (timeoutMs: number) => shippedThrough(spool.lastDurableSeq, timeoutMs),
    async close(): Promise<void> {
      await workers?.shipping.stop(STOP_TIMEOUT_MS);
      await workers?.integrating?.stop();
      await spool.close();
      await store?.close();
    },
  };
}

async function mustOpen(dataDir: string, databaseUrl: string): Promise<Store> {
  const opened = await openStore({ dataDir, databaseUrl });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

function startWorkers(
  store: Store,
  { signing }: InstanceOptions,
  spool: Parameters<typeof startShipping>[0]["spool"],
  now: () => Date,
  heard: Heard,
) {
  const telemetry = { ...TELEMETRY, ...heard };
  const integrating =
    signing === undefined
      ? null
      : startIntegrating({
          ...dyingWorld(store, signing),
          signer: signerOf(signing.signerKey),
          oldKeys: [],
          telemetry,
          ...(signing.minAgeMs === undefined ? {} : { minAgeMs: signing.minAgeMs, lookEveryMs: signing.minAgeMs }),
        });
  const shipping = startShipping({
    spool,
    sink: store.auditShipping,
    actions: store.auditActions,
    telemetry: {
      ...telemetry,
      auditShipped: () => integrating?.kick(),
    },
    now,
  });
  return { integrating, shipping };
}

/** The tree and the file outside, behind which the process ends where it is told to. */
function dyingWorld({ logTree }: Store, { checkpointFile, dieAt }: Signing) {
  const outside = openCheckpointFile(checkpointFile);
  const counts = { kept: 0, committed: 0 };
  const reached = (step: "kept" | "committed") => {
    counts[step]++;
    if (dieAt?.step === step && counts[step] >= dieAt.count) process.kill(process.pid, "SIGKILL");
  };
  return {
    outside: {
      ...outside,
      async replace(note: string) {
        const kept = await outside.replace(note);
        reached("kept");
        return kept;
      },
    },
    tree: {
      ...logTree,
      async grow(grown: Parameters<typeof logTree.grow>[0]) {
        const committed = await logTree.grow(grown);
        if (committed.ok && committed.value) reached("committed");
        return committed;
      },
    },
  };
}

/** A key for a log of the test's own. */
export function newSignerKey(name: string): { readonly signerKey: string; readonly verifierKey: string } {
  const keys = keysOfSeed(name, randomBytes(32));
  if (!keys.ok) throw new Error(keys.error.message);
  return keys.value;
}

function signerOf(signerKey: string): NoteSigner {
  const signer = parseSignerKey(signerKey);
  if (!signer.ok) throw new Error(signer.error.message);
  return signer.value;
}

/** The system's files, but that flushes do nothing, or fail from some time on. */
function filesOf({ fsync = true, breakFlushAfter = Number.POSITIVE_INFINITY }: InstanceOptions): SpoolFiles {
  let flushes = 0;
  return {
    ...systemFiles,
    async create(path) {
      const file = await systemFiles.create(path);
      return {
        ...file,
        async flush() {
          if (++flushes > breakFlushAfter) throw Object.assign(new Error("EIO"), { code: "EIO" });
          if (fsync) await file.flush();
        },
      };
    },
  };
}
