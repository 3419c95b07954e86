import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

/** Above this share of what the process may have, no more connections are taken; below the other one they are again. */
const FULL = 0.75;
const ROOMY = 0.6;

/** Counting takes a while where there are many, so while it is full only some looks count. */
const LOOKS_FOR_A_COUNT = 10;

/** Tells when the process has too many file descriptors in use; null where the system does not say how many it may have. */
export function watchDescriptors(
  limit = descriptorLimit(),
  { lowest = lowestFree, count = countAll } = {},
): { isFull(wasFull: boolean): boolean } | null {
  if (limit === null) return null;
  let looks = 0;
  return {
    isFull(wasFull) {
      if (!wasFull) return (lowest() ?? limit) >= limit * FULL;
      // The listener that was closed has left a low number free, so only counting tells.
      if (++looks % LOOKS_FOR_A_COUNT !== 0) return true;
      return (count() ?? limit) >= limit * ROOMY;
    },
  };
}

function countAll(): number | null {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return null;
  }
}

/** Every one below it is in use, and a new one gets it: asking costs microseconds however many there are. */
function lowestFree(): number | null {
  try {
    const descriptor = openSync("/dev/null", "r");
    closeSync(descriptor);
    return descriptor;
  } catch {
    return null;
  }
}

function descriptorLimit(): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}
