import { heapStats } from "bun:jsc";
import { writeFileSync } from "node:fs";

/** Loaded before a gateway: writes how many things of each kind are alive into the file that is named, on a signal. */
const file = process.env["SOAK_PROBE_FILE"];

process.on("SIGUSR2", () => {
  Bun.gc(true);
  const { objectTypeCounts, heapSize } = heapStats();
  const of = (kind: string) => objectTypeCounts[kind] ?? 0;
  const alive = {
    heapBytes: heapSize,
    signals: of("AbortSignal"),
    timers: of("Timeout"),
    promises: of("Promise"),
    streams: of("ReadableStream"),
    requestObjects: of("Request"),
  };
  if (file !== undefined) writeFileSync(file, JSON.stringify(alive));
});
