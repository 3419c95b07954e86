/** A longer wait than any quota of a day asks for is a date that is wrong: the provider is asked again after this one. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** One number, or several where more than one server on the way has said it. */
const NUMBERS = /^\d+(\.\d+)?(\s*,\s*\d+(\.\d+)?)*$/;

/**
 * `retry-after-ms` of OpenAI and Azure, and `retry-after` in seconds or as a date (RFC 9110, 10.2.3). Where they do not
 * agree the longer one holds, since no provider is to be asked too early; but seconds may be the other rounded up. Null
 * where it asks for no time: who does not want to be left alone is out of order like others, and retries of it are bounded
 * as theirs.
 */
export function readRetryAfter(headers: Headers, nowMs = Date.now()): number | null {
  const inMs = longest(headers.get("retry-after-ms") ?? "");
  const given = headers.get("retry-after") ?? "";
  const inSeconds = NUMBERS.test(given) ? longest(given) * 1_000 : Date.parse(given) - nowMs;
  const isRounded = inSeconds > inMs && inSeconds < inMs + 1_000;
  const waitMs = Math.max(...[inMs, isRounded ? inMs : inSeconds].filter((each) => each >= 0));
  return waitMs > 0 ? Math.min(Math.ceil(waitMs), MAX_RETRY_AFTER_MS) : null;
}

/** NaN where there is no number. */
const longest = (numbers: string): number =>
  NUMBERS.test(numbers) ? Math.max(...numbers.split(",").map(Number)) : Number.NaN;
