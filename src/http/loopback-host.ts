import { isLoopbackHost } from "../core/hosts.ts";
import { Refusal } from "./problem.ts";

/**
 * The URL of a request, which Bun makes from its Host header: a header that is missing or no host name makes none.
 * Throws a `Refusal` then, so that whoever comes later may parse it without asking again.
 */
export function requireUrl(request: Request): URL {
  const url = URL.parse(request.url);
  if (url === null)
    throw new Refusal("request.invalid_host", "Send a Host header with a host name.", { field: "host" });
  return url;
}

/**
 * A web page can have its own name resolve to 127.0.0.1 and then talk to this gateway as its own origin (DNS rebinding).
 * Its requests still carry that name as Host, so while loopback is all the protection there is, only loopback names
 * are answered.
 */
export function requireLoopback(url: URL): void {
  if (isLoopbackHost(url.hostname)) return;
  throw new Refusal(
    "request.host_not_allowed",
    "Call the gateway as 127.0.0.1 or localhost, or set ALLOW_ANONYMOUS=true if something in front of it protects it.",
    { field: "host" },
  );
}
