/** How long and how often a provider is asked. Null: as the next wider scope says; the rule, the provider, the settings. */
export type AttemptLimits = {
  /** For a connection. */
  readonly connectTimeoutMs: number | null;
  /** For a whole answer that is not streamed. Where the two below say nothing, in a stream for each of them. */
  readonly timeoutMs: number | null;
  /** From the call to the first of a streamed answer's content. */
  readonly firstTokenTimeoutMs: number | null;
  /** Between two signs of life of a stream that has begun. */
  readonly idleTimeoutMs: number | null;
  /** How often one target is asked again after a failure that may pass. */
  readonly retries: number | null;
};

export const NO_ATTEMPT_LIMITS: AttemptLimits = {
  connectTimeoutMs: null,
  timeoutMs: null,
  firstTokenTimeoutMs: null,
  idleTimeoutMs: null,
  retries: null,
};

/** What settings say where neither rule nor provider does. */
export type AttemptDefaults = { readonly [Name in keyof AttemptLimits]: number } & {
  /** For a request over all its attempts: until its answer is complete, or, streamed live, until it begins. */
  readonly deadlineMs: number;
};

/** When the circuit of a model at a provider opens, and for how long. */
export type BreakerSettings = {
  /** It opens when so many of a hundred calls failed ... */
  readonly failurePercent: number;
  /** ... of at least so many ... */
  readonly minimumCalls: number;
  /** ... that ended within so long. */
  readonly windowMs: number;
  /** Then a single call may try, first after so long, then after twice and at most thrice that. */
  readonly openMs: number;
};

export const DEFAULT_BREAKER: BreakerSettings = {
  failurePercent: 50,
  minimumCalls: 5,
  windowMs: 30_000,
  openMs: 5_000,
};

/** Calls of one provider that may be under way at once. */
export const DEFAULT_MAX_CONCURRENCY = 128;

export const CIRCUIT_STATES = ["closed", "open", "half_open"] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];
