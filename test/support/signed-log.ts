import { signCheckpoint } from "../../src/audit/checkpoint.ts";
import { formatReceipt } from "../../src/audit/receipt.ts";
import { canonicalRecord, intentRecord, leafHash, type RequestRecord, settledRecord } from "../../src/audit/record.ts";
import { extendTiles, inclusionProof, readerOf, rootFromTiles } from "../../src/audit/tiles.ts";
import { keysOfSeed, type NoteSigner, parseSignerKey } from "../../src/core/signed-note.ts";
import { intentAt, outcomeOf } from "./audit-requests.ts";

/** A key pair that is the same whenever its name and `fill` are. */
export function signerNamed(name: string, fill = 1): NoteSigner {
  const keys = keysOfSeed(name, new Uint8Array(32).fill(fill));
  const signer = keys.ok ? parseSignerKey(keys.value.signerKey) : keys;
  if (!signer.ok) throw new Error(signer.error.message);
  return signer.value;
}

/** The record of the request that has this place in a log. */
export function recordAt(index: number): RequestRecord {
  const digits = index.toString(16).padStart(12, "0");
  const at = new Date(Date.UTC(2026, 2, 1, 12) + index);
  const intent = intentAt(`0192d3a4-1111-7222-8333-${digits}`, at);
  return settledRecord(intentRecord(intent), outcomeOf(intent, at), {
    instance_id: "0192d3a4-aaaa-4bbb-8ccc-dddddddddddd",
    instance_seq: index + 1,
    salt: digits.padStart(32, "5"),
  });
}

export type SignedLog = {
  readonly records: readonly RequestRecord[];
  readonly root: Buffer;
  /** The note of its checkpoint. */
  readonly checkpoint: string;
  readonly receipt: (index: number) => string;
};

/** A log of that many requests, with one checkpoint over all of them. */
export function signedLog(size: number, signer: NoteSigner): SignedLog {
  const records = Array.from({ length: size }, (_, index) => recordAt(index));
  const leaves = records.map((record) => leafHash(canonicalRecord(record)));
  const readTile = readerOf(extendTiles(0, [], leaves)?.tiles ?? []);
  const root = rootFromTiles(size, readTile);
  const checkpoint = root === null ? null : signCheckpoint({ size, rootHash: root }, signer);
  if (root === null || !checkpoint?.ok) throw new Error(`there is no log of ${size} records`);
  return {
    records,
    root,
    checkpoint: checkpoint.value,
    receipt: (index) => {
      const [record, proof] = [records[index], inclusionProof(index, size, readTile)];
      if (record === undefined || proof === null) throw new Error(`there is no record ${index}`);
      return formatReceipt({
        record: Buffer.from(canonicalRecord(record)),
        index,
        proof,
        checkpoint: checkpoint.value,
      });
    },
  };
}
