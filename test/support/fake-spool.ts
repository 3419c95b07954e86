import { canonicalRecord, type LogRecord } from "../../src/audit/record.ts";
import { err, ok } from "../../src/core/result.ts";
import type { SpooledRecord } from "../../src/workers/read-ahead.ts";
import type { SpoolToShip } from "../../src/workers/ship-audit.ts";
import { INSTANCE } from "./request-records.ts";

/** A spool in memory, as far as a shipper knows it. */
export function fakeSpool() {
  const records: SpooledRecord[] = [];
  const aside: number[] = [];
  let shipped = 0;
  let isBroken = false;
  let readThrough = 0;
  let wake = () => {};
  const put = (payload: Buffer): number => {
    const seq = records.length + 1;
    records.push({ seq, payload });
    wake();
    return seq;
  };
  const spool: SpoolToShip = {
    instanceId: INSTANCE,
    get firstUnshippedSeq() {
      return shipped + 1;
    },
    async read(after, maxRecords) {
      if (isBroken) return err({ message: "the disk is broken" });
      const read = records.filter(({ seq }) => seq > after).slice(0, maxRecords);
      readThrough = read.at(-1)?.seq ?? readThrough;
      return ok(read);
    },
    shippedThrough(seq) {
      shipped = seq;
    },
    async untilFinal(after, timeoutMs) {
      if (records.length > after) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        timer.unref();
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    async quarantine({ seq }) {
      if (isBroken) return err({ message: "the disk is broken" });
      aside.push(seq);
      return ok(undefined);
    },
    async appendFinal(_id, make) {
      return ok(put(Buffer.from(make(records.length + 1))));
    },
  };
  return {
    spool,
    records,
    /** Numbers of the records that were put aside. */
    aside,
    shipped: () => shipped,
    readThrough: () => readThrough,
    put,
    append: (...given: readonly LogRecord[]) => {
      for (const record of given) put(Buffer.from(canonicalRecord(record)));
    },
    breaks(broken: boolean) {
      isBroken = broken;
    },
  };
}
