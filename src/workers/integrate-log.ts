import type { Telemetry } from "../gateway/deps.ts";
import { LogRounds, type Round } from "./log-round.ts";
import type { LogWorld } from "./log-world.ts";

export type SignerState = {
  /** Leaves under the newest checkpoint that this process signed or found in order; null before the first look. */
  readonly treeSize: number | null;
  /** Why it does not sign; null where it does. */
  readonly problem: string | null;
  /** It will not sign without a person's doing. */
  readonly refuses: boolean;
};

export type Integrating = {
  /** Waits for a round that is under way, and signs what is sequenced by then where nothing was wrong before. */
  stop(): Promise<void>;
  /** There are new leaves: saves the wait for the next look. */
  kick(): void;
  state(): SignerState;
};

/** Looks for leaves that others sequenced, or whose kick was lost. */
const LOOK_EVERY_MS = 500;
/** Between two checkpoints, of all replicas together: each is kept for ever. */
const MIN_AGE_MS = 400;
const RETRY_AFTER_MS = 1_000;
/** Who lost a race looks again at once, and not forever at the same moment as those it lost to. */
const LOST_RETRY_MS = 20;

/**
 * Signs the log in this process: sequenced leaves are under a checkpoint within a second while the database answers. Any
 * number of replicas do so side by side, and each sees what the others signed. A signer that refuses looks again every
 * second, and goes on when what was wrong is resolved.
 */
export function startIntegrating({
  telemetry,
  lookEveryMs = LOOK_EVERY_MS,
  minAgeMs = MIN_AGE_MS,
  retryAfterMs = RETRY_AFTER_MS,
  ...world
}: LogWorld & {
  readonly telemetry: Pick<Telemetry, "checkpointSigned" | "signerState" | "bug">;
  readonly lookEveryMs?: number;
  readonly minAgeMs?: number;
  readonly retryAfterMs?: number;
}): Integrating {
  const rounds = new LogRounds(world, minAgeMs);
  let state: SignerState = { treeSize: null, problem: null, refuses: false };
  let stopped = false;
  let kicked = false;
  let wake: () => void = () => {};

  function note(round: Round): void {
    if (round.kind === "signed") {
      telemetry.checkpointSigned({ treeSize: round.size, leafCount: round.leafCount });
    }
    const problem = "message" in round ? round.message : null;
    const refuses = round.kind === "refused";
    if (problem !== state.problem || refuses !== state.refuses) telemetry.signerState({ problem, refuses });
    state = { treeSize: "size" in round ? round.size : state.treeSize, problem, refuses };
  }

  /** How long to rest after a round, and whether a kick ends the rest. */
  function restAfter(round: Round): { readonly ms: number; readonly kickable: boolean } {
    switch (round.kind) {
      case "idle":
        return { ms: lookEveryMs, kickable: true };
      case "signed":
        return { ms: round.hasMore ? 0 : minAgeMs, kickable: false };
      case "early":
        return { ms: round.waitMs, kickable: false };
      case "lost":
        return { ms: LOST_RETRY_MS, kickable: false };
      default:
        return { ms: retryAfterMs, kickable: false };
    }
  }

  async function rest({ ms, kickable }: ReturnType<typeof restAfter>): Promise<void> {
    if (kickable && kicked) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      wake = () => {
        if (!kickable && !stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function work(): Promise<void> {
    while (!stopped) {
      kicked = false;
      const round = await tried(() => rounds.run(), telemetry);
      note(round);
      if (!stopped) await rest(restAfter(round));
    }
    if (state.problem === null) note(await tried(() => rounds.run({ minAgeMs: 0 }), telemetry));
  }

  const working = work();
  return {
    async stop() {
      stopped = true;
      wake();
      await working;
    },
    kick() {
      kicked = true;
      wake();
    },
    state: () => state,
  };
}

/** A bug is no reason to stop looking, nor one to sign. */
async function tried(run: () => Promise<Round>, telemetry: Pick<Telemetry, "bug">): Promise<Round> {
  try {
    return await run();
  } catch (error) {
    telemetry.bug({ requestId: "none", error });
    return { kind: "failed", message: "The log could not be signed, by a bug in the gateway; the log has its place." };
  }
}
