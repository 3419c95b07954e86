/**
 * A process with a spool and a shipper and, where it is told so, an integrator: all that a gateway has behind its audit,
 * without the gateway. It takes requests through without end, and says of each how far it came.
 *
 * Says `ready` once it takes requests, `refused` when it is the first time refused one. At SIGTERM it ends its requests,
 * waits until the database has all rows, closes and exits 0. It ends when its standard input does: with whoever started it.
 */
import { writeSync } from "node:fs";
import { openClaims } from "./audit-claims.ts";
import { type InstanceOptions, openInstance } from "./audit-instance.ts";
import { intentAt, outcomeOf } from "./audit-requests.ts";

export type ChildOptions = InstanceOptions & {
  /** The file to which it says how far requests came. */
  readonly claims: string;
  /** How many requests are under way at a time. */
  readonly clients: number;
  /** The longest that a request waits between two steps, in milliseconds; how long is chance. */
  readonly pauseMs: number;
  /** How far the clock is set back at every hundredth look at it. */
  readonly clockStepBackMs?: number;
  /** How long it waits for the database to have all rows. */
  readonly finishTimeoutMs?: number;
};

const FINISH_TIMEOUT_MS = 30_000;

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "") as ChildOptions);

async function main(options: ChildOptions): Promise<void> {
  const say = (line: string) => void writeSync(1, `${line}\n`);
  const state = { stopping: false, refused: false };
  process.on("SIGTERM", () => {
    state.stopping = true;
  });
  void Bun.stdin.text().then(() => process.exit(4));
  const claims = openClaims(options.claims);
  const now = clockOf(options.clockStepBackMs ?? 0);
  const instance = await openInstance(options, now);
  say("ready");

  const pause = () => (options.pauseMs === 0 ? null : Bun.sleep(Math.random() * options.pauseMs));
  const refuse = () => {
    if (!state.refused) say("refused");
    state.refused = true;
    // What is refused is refused at once; a client that asks again at once would leave nothing to anybody else.
    return Bun.sleep(5);
  };
  async function client(): Promise<void> {
    while (!state.stopping) {
      const intent = intentAt(crypto.randomUUID(), now());
      claims.say("begin", intent.requestId);
      if (!(await instance.audit.recordIntent(intent)).ok) {
        await refuse();
        continue;
      }
      claims.say("intent", intent.requestId);
      await pause();
      claims.say("end", intent.requestId);
      const outcome = await instance.audit.recordOutcome(outcomeOf(intent, now()));
      if (outcome.ok) claims.say("done", intent.requestId);
      else await refuse();
      await pause();
    }
  }
  await Promise.all(Array.from({ length: options.clients }, client));
  while (!state.stopping) await Bun.sleep(5);
  const isShipped = await instance.shipped(options.finishTimeoutMs ?? FINISH_TIMEOUT_MS);
  await instance.close();
  claims.close();
  process.exit(isShipped ? 0 : 3);
}

function clockOf(stepBackMs: number): () => Date {
  let looks = 0;
  let behindMs = 0;
  return () => {
    looks++;
    if (looks % 100 === 0) behindMs += stepBackMs;
    return new Date(Date.now() - behindMs);
  };
}
