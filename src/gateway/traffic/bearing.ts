import type { FailureCategory, ProviderFailure } from "../../core/chat.ts";

/**
 * What the end of a call says of whom was called.
 * `good`: it works. `bad`: it does not. `refused`: it takes no call at all. `unproven`: that it works was not shown, and
 * that it does not neither. `none`: nothing.
 */
export type Bearing = "good" | "bad" | "refused" | "unproven" | "none";

const OF_FAILURE: Readonly<Record<FailureCategory, Bearing>> = {
  timeout: "bad",
  unreachable: "bad",
  upstream_error: "bad",
  malformed_response: "bad",
  rate_limited: "bad",
  authentication: "refused",
  // The caller's doing, or the policy's: the provider did well to say so.
  bad_request: "good",
  content_filter: "good",
  context_length: "good",
  model_not_found: "good",
  remote_model: "good",
  // Nothing was sent.
  not_local: "none",
  circuit_open: "none",
  paused: "none",
  busy: "none",
};

export function bearingOf(how: "answered" | "left" | ProviderFailure): Bearing {
  if (how === "answered") return "good";
  // Without a key, each request is to hear just that, and not that a circuit is open.
  if (how === "left" || how.unasked) return "none";
  // Who says when to come back is not out of order, and is left alone until then anyway.
  if (how.category === "rate_limited" && how.retryAfterMs !== undefined) return "unproven";
  const bearing = OF_FAILURE[how.category];
  // Else a caller could close it to everybody else.
  return bearing === "bad" && how.ofRequest === true ? "none" : bearing;
}

/** Refused credentials are the provider's as a whole, and say nothing of one of its models. */
export const ofModel = (bearing: Bearing): Bearing => (bearing === "refused" ? "none" : bearing);

/** Only credentials close a provider as a whole; a model that fails says nothing of them, and others may try at once. */
export const ofProvider = (bearing: Bearing): Bearing =>
  bearing === "bad" || bearing === "unproven" ? "none" : bearing;
