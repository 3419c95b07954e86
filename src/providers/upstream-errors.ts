/** What a call of an upstream can come to besides an answer. All are thrown by `guardedFetch`, and mapped by `toFailure`. */

export class ResponseTooLarge extends Error {
  override readonly name = "ResponseTooLarge";
}

/** There was no answer. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  /** Whether another try may have one. */
  readonly transient: boolean;

  constructor(message?: string, transient = true) {
    super(message);
    this.transient = transient;
  }
}

/** The upstream began to answer and did not finish. */
export class BrokenAnswer extends Error {
  override readonly name = "BrokenAnswer";
}

/** What came is no HTTP, or its body is not encoded as it says. */
export class UnreadableAnswer extends Error {
  override readonly name = "UnreadableAnswer";
}

/** An answer of the upstream that is not 2xx, with the beginning of its body; never shown to a caller as it is. */
export class UpstreamStatus extends Error {
  override readonly name = "UpstreamStatus";
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;

  constructor(status: number, body: string, headers = new Headers()) {
    super(`upstream answered ${status}`);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** Codes of Bun's for what came and is no HTTP, or is not encoded as it says. */
const NO_HTTP =
  /^(Malformed_HTTP_Response|InvalidHTTPResponse|ResponseHeadersTooLarge|UnrequestedUpgrade|\w*(Zlib|Decompression)Error)$/;
/** Of TLS: nothing that another try would change. */
const CERTIFICATE = /CERT|LEAF_SIGNATURE/;

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}

/** What it means that `fetch` gave no answer. */
export function unansweredBy(thrown: unknown): Error {
  const code = codeOf(thrown);
  return NO_HTTP.test(code) ? new UnreadableAnswer() : new Unreachable(undefined, !CERTIFICATE.test(code));
}

/** What it means that a body that had begun did not come to its end. */
export const brokenBy = (thrown: unknown): Error =>
  NO_HTTP.test(codeOf(thrown)) ? new UnreadableAnswer() : new BrokenAnswer();
