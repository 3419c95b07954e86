import { join } from "node:path";
import { readClaims } from "./audit-claims.ts";
import { type AuditChild, signRest, startAuditChild } from "./audit-processes.ts";

export type KillRounds = {
  /** Where spools and claims are kept; one of each for each place. */
  readonly directory: string;
  readonly url: string;
  readonly rounds: number;
  /** Processes that run side by side, each with a spool of its own that outlives them. */
  readonly places: number;
  /** Each process signs the log, too. */
  readonly signerKey: string;
  /** Whether a checkpoint covers all rows. */
  readonly isCovered: () => Promise<boolean>;
  readonly onRound?: (done: number) => void;
};

/** One round in so many is killed while it starts, wherever it is then: in the recovery of the spool, too. */
const EARLY_ROUNDS = 5;
const CLIENTS = 16;
/** So that there are checkpoints within a life as short. */
const CHECKPOINT_AGE_MS = 20;
const LONGEST_LIFE_MS = 120;
const LONGEST_START_MS = 250;
/** Small, so that segments end and go within a round. */
const SEGMENT_BYTES = 32 * 1024;

/**
 * Starts processes and kills each with SIGKILL at a moment of chance, again and again on the same spools; then lets each
 * spool be brought to its end. Gives all that was said by the processes that died, and where
 * they kept checkpoints.
 */
export async function killRounds({
  directory,
  url,
  rounds,
  places: placeCount,
  signerKey,
  isCovered,
  onRound = () => {},
}: KillRounds) {
  const names = Array.from({ length: placeCount }, (_, index) => join(directory, `place-${index}`));
  const optionsOf = (name: string, clients: number) => ({
    directory: join(name, "spool"),
    url,
    claims: `${name}.claims`,
    clients,
    pauseMs: 4,
    segmentBytes: SEGMENT_BYTES,
    signing: { signerKey, checkpointFile: `${name}.checkpoint`, minAgeMs: CHECKPOINT_AGE_MS },
  });
  let begun = 0;
  let ended = 0;
  const place = async (name: string) => {
    try {
      while (begun < rounds) {
        begun++;
        await liveAndDie(startAuditChild(optionsOf(name, CLIENTS)));
        onRound(++ended);
      }
      const last = startAuditChild(optionsOf(name, 0));
      await last.saying("ready");
      await last.finish();
    } finally {
      // Where one failed, the others begin no more.
      if (ended < rounds) begun = rounds;
    }
  };
  const places = await Promise.allSettled(names.map(place));
  for (const one of places) if (one.status === "rejected") throw one.reason;
  await signRest(optionsOf(names[0] ?? "", 0), isCovered);
  return {
    claims: readClaims(names.map((name) => `${name}.claims`)),
    checkpointFiles: names.map((name) => `${name}.checkpoint`),
  };
}

async function liveAndDie(child: AuditChild): Promise<void> {
  if (Math.random() < 1 / EARLY_ROUNDS) await Bun.sleep(Math.random() * LONGEST_START_MS);
  else {
    await child.saying("ready");
    await Bun.sleep(Math.random() * LONGEST_LIFE_MS);
  }
  await child.kill();
}
