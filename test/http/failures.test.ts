import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { AttemptResult } from "../../src/audit/event.ts";
import type { FailureCategory } from "../../src/core/chat.ts";
import {
  type Asked,
  BACKUP_MODEL,
  type FailingGateway,
  failingGateway,
  failureDocument,
  KINDS,
  type Kind,
  PROMPT,
  PROVIDER_KEY,
  type Temper,
} from "../support/failing-gateway.ts";
import { GOOD_USAGE, LOST_PIECES, LOST_USAGE, WHOLE_TEXT } from "../support/fault-frames.ts";
import { REDIRECTED_TO } from "../support/fault-plays.ts";
import { type FaultServer, startFaultServer } from "../support/fault-server.ts";
import { UPSTREAM_WORDS } from "../support/scripted-server.ts";
import { SURFACE_VIEWS, type ViewedSurface } from "../support/surface-views.ts";
import { until } from "../support/until.ts";

/**
 * The table of failures, row by row: for each surface, each protocol of a provider, and each way to give an answer away,
 * what the caller gets, what the provider saw, and what is on record. Real providers, over real connections.
 */

/** `whole` is an answer that is not streamed; `held` a streamed one under `delivery: whole`. */
const MODES = ["whole", "live", "held"] as const;
type Mode = (typeof MODES)[number];

type Expected = {
  /** How the attempts of the provider that fails end; what `backup` does is not among them. */
  readonly results: readonly AttemptResult[];
  readonly told: "its answer" | "the answer of backup" | "an error" | "an error amid the stream";
};

const good: Expected = { results: ["answered"], told: "its answer" };
const recovers = (...failures: readonly FailureCategory[]): Expected => ({
  results: [...failures, "answered"],
  told: "its answer",
});
/** Asked again twice, then passed over. */
const givenUp = (category: FailureCategory): Expected => ({
  results: [category, category, category],
  told: "the answer of backup",
});
const passedOver = (category: FailureCategory): Expected => ({ results: [category], told: "the answer of backup" });
const ends = (category: FailureCategory): Expected => ({ results: [category], told: "an error" });
const breaksOff = (category: FailureCategory): Expected => ({ results: [category], told: "an error amid the stream" });

const streamed = (expected: Expected) => ({ live: expected, held: expected });

type Row = {
  readonly play: string;
  readonly temper?: Temper;
  /** Where the protocol of the provider makes a difference. */
  readonly kind?: Kind;
  /** Where the way makes no difference. */
  readonly all?: Expected;
} & { readonly [M in Mode]?: Expected };

const ROWS: readonly Row[] = [
  { play: "answers", all: good },
  { play: "slow", all: good },

  // What passes.
  { play: "limited-ms-once", all: recovers("rate_limited") },
  { play: "unavailable-ms-once", all: recovers("upstream_error") },
  { play: "limited-twice", all: recovers("rate_limited", "rate_limited") },
  { play: "fails-500-once", all: recovers("upstream_error") },
  { play: "fails-529-twice", all: recovers("upstream_error", "upstream_error") },
  { play: "resets-once", all: recovers("unreachable") },
  { play: "closes-twice", all: recovers("unreachable", "unreachable") },
  { play: "error-first-once", all: recovers("upstream_error") },

  // What does not.
  { play: "limited", all: givenUp("rate_limited") },
  { play: "limited-long", all: passedOver("rate_limited") },
  { play: "unavailable-long", all: passedOver("upstream_error") },
  { play: "fails-408", whole: givenUp("timeout") },
  { play: "fails-500", all: givenUp("upstream_error") },
  { play: "fails-502", whole: givenUp("upstream_error") },
  { play: "fails-503", whole: givenUp("upstream_error") },
  { play: "fails-504", whole: givenUp("timeout") },
  { play: "fails-529", all: givenUp("upstream_error") },
  { play: "resets", all: givenUp("unreachable") },
  { play: "closes", all: givenUp("unreachable") },
  { play: "error-first", all: givenUp("upstream_error") },

  // Silence is waited for once.
  { play: "silent", temper: "hasty", all: passedOver("timeout") },
  { play: "half-headers", temper: "hasty", all: passedOver("timeout") },
  { play: "headers-only", temper: "hasty", all: passedOver("timeout") },
  { play: "opening-only", temper: "hasty", all: passedOver("timeout") },
  { play: "pings-only", temper: "hasty", all: passedOver("timeout") },

  // What breaks off after it began.
  ...(["cut-reset", "cut-close", "cut-clean", "cut-unframed"] as const).map((play) => ({
    play,
    whole: givenUp("malformed_response"),
    live: breaksOff("malformed_response"),
    held: givenUp("malformed_response"),
  })),
  { play: "cut-reset-once", live: breaksOff("malformed_response"), held: recovers("malformed_response") },
  { play: "error-late", live: breaksOff("upstream_error"), held: givenUp("upstream_error") },
  {
    play: "stalls",
    temper: "restless",
    whole: passedOver("timeout"),
    live: breaksOff("timeout"),
    held: passedOver("timeout"),
  },

  // Streams that are not as they should be.
  { play: "malformed-event", all: good },
  { play: "malformed-cut", live: breaksOff("malformed_response") },
  { play: "no-done", all: good },
  { play: "no-done-stays", all: good },
  {
    play: "no-finish",
    whole: passedOver("malformed_response"),
    live: breaksOff("malformed_response"),
    held: givenUp("malformed_response"),
  },

  // What another call would not change.
  { play: "too-long", all: ends("context_length") },
  { play: "filtered", all: ends("content_filter") },
  { play: "refused", all: passedOver("bad_request") },
  { play: "not-found", all: passedOver("model_not_found") },

  // Answers that are none.
  // A stream without a word is one that was cut.
  { play: "empty-body", whole: passedOver("malformed_response"), ...streamed(givenUp("malformed_response")) },
  { play: "no-content", kind: "openai", all: passedOver("malformed_response") },
  {
    play: "no-content",
    kind: "ollama",
    whole: passedOver("malformed_response"),
    ...streamed(givenUp("malformed_response")),
  },
  { play: "html", all: passedOver("malformed_response") },
  { play: "wrong-type", all: passedOver("malformed_response") },
  { play: "bad-gzip", all: passedOver("malformed_response") },
  { play: "cut-gzip", whole: passedOver("malformed_response"), held: passedOver("malformed_response") },
  { play: "huge-header", all: passedOver("malformed_response") },
  { play: "endless-headers", all: passedOver("malformed_response") },
  { play: "redirect", all: passedOver("upstream_error") },
  { play: "no-http", all: passedOver("malformed_response") },
];

const SURFACES = Object.keys(SURFACE_VIEWS) as ViewedSurface[];

let server: FaultServer;
let gateways: Readonly<Record<"live" | "held", FailingGateway>>;

const modelOf = (play: string, surface: ViewedSurface, kind: Kind, mode: Mode) => `${play}:${surface}-${kind}-${mode}`;

beforeAll(async () => {
  server = await startFaultServer();
  for (const { play } of ROWS) {
    for (const surface of SURFACES)
      for (const kind of KINDS) for (const mode of MODES) server.model(modelOf(play, surface, kind, mode));
  }
  gateways = {
    live: await failingGateway(server, failureDocument(server)),
    held: await failingGateway(server, failureDocument(server, { rule: { delivery: "whole" } })),
  };
  await Promise.all([gateways.live.looksUp(), gateways.held.looksUp()]);
});
afterAll(() => server.stop());

afterEach(async () => {
  await until(() => server.openSockets() === 0, "every connection is closed");
  expect(server.calls().some(({ path }) => path === REDIRECTED_TO)).toBe(false);
  for (const { statusOf, active, audit, told } of Object.values(gateways)) {
    for (const id of active.providers.keys()) expect([id, statusOf(id).inFlightCount]).toEqual([id, 0]);
    expect([...audit.intents.keys()].filter((requestId) => !audit.outcomes.has(requestId))).toEqual([]);
    expect(told.bugs.splice(0)).toEqual([]);
    // What is logged: the gateway's own words about a failure, and neither the provider's nor the caller's.
    const finished = told.finished.splice(0);
    expect(finished.filter((event) => (event.failureCategory === null) !== (event.failureDetail === null))).toEqual([]);
    const logged = JSON.stringify([finished, told.attempts.splice(0), told.circuits.splice(0)]);
    for (const secret of SECRETS) expect(logged).not.toContain(secret);
  }
});

const expectedIn = (mode: Mode) =>
  ROWS.flatMap(({ play, temper = "patient", kind, all, ...row }) => {
    const expected = row[mode] ?? all;
    const kinds = kind === undefined ? KINDS : [kind];
    return expected === undefined ? [] : [[play, { temper, kinds, expected }] as const];
  });

describe.each(MODES)("an answer given away %s", (mode) => {
  test.each(expectedIn(mode))("%s", async (play, { temper, kinds, expected }) => {
    const cells = SURFACES.flatMap((surface) => kinds.map((kind) => ({ surface, kind })));
    const gateway = gateways[mode === "held" ? "held" : "live"];
    const all = await Promise.all(
      cells.map(async ({ surface, kind }) => {
        const model = modelOf(play, surface, kind, mode);
        const provider = `${temper}-${kind}`;
        const asked = await gateway.asks(surface, `${provider}/${model}`, mode !== "whole");
        return { where: `${surface} by ${kind}`, asked, model, provider, kind };
      }),
    );
    expect(all.map(({ where, asked, model }) => ({ where, ...seen(asked, model) }))).toEqual(
      all.map(({ where, provider, model }) => ({ where, ...wanted(expected, provider, model) })),
    );
    for (const { asked, model, kind } of all) expectTold(asked, expected, model, kind);
  });
});

const SECRETS = [UPSTREAM_WORDS, PROVIDER_KEY, PROMPT];

/** What the provider saw and what is on record. */
function seen({ view, outcome }: Asked, model: string) {
  return {
    calls: server.calls(model).length,
    attempts: outcome?.attempts.map((attempt) => `${attempt.provider} ${attempt.model} ${attempt.result}`),
    status: outcome?.status,
    answered: outcome?.model,
    header: view.headers.get("x-policy-mesh-attempts"),
    error: view.error === null ? null : "told",
    isComplete: view.isComplete,
    isCut: view.isCut,
  };
}

function wanted({ results, told }: Expected, provider: string, model: string) {
  const backup = told === "the answer of backup";
  const isAnswer = backup || told === "its answer";
  const attempts = results.map((result) => `${provider} ${model} ${result}`);
  return {
    calls: results.length,
    attempts: backup ? [...attempts, `backup ${BACKUP_MODEL} answered`] : attempts,
    status: isAnswer ? ("succeeded" as const) : ("failed" as const),
    answered: backup ? BACKUP_MODEL : model,
    header: `${results.length + (backup ? 1 : 0)}`,
    error: isAnswer ? null : "told",
    isComplete: isAnswer,
    isCut: false,
  };
}

function expectTold({ view, outcome }: Asked, { told }: Expected, model: string, kind: Kind): void {
  for (const secret of SECRETS) {
    expect(view.body).not.toContain(secret);
    expect(JSON.stringify([...view.headers])).not.toContain(secret);
  }
  switch (told) {
    case "its answer":
    case "the answer of backup":
      expect(view).toMatchObject({ status: 200, text: WHOLE_TEXT, usage: GOOD_USAGE });
      expect(view.model).toBe(told === "its answer" ? model : BACKUP_MODEL);
      // INVARIANT: nobody pays for attempts that failed.
      expect(outcome?.usage).toEqual(GOOD_USAGE);
      break;
    case "an error":
      expect(view.status).toBeGreaterThanOrEqual(400);
      expect(view.text).toBe("");
      break;
    case "an error amid the stream":
      expect(view.status).toBe(200);
      expect([LOST_PIECES.join(""), WHOLE_TEXT]).toContain(view.text);
      // What the provider said on the way; Ollama's protocol says nothing before the end.
      if (kind === "openai" && view.text !== WHOLE_TEXT) expect(outcome?.usage).toEqual(LOST_USAGE);
  }
}
