import { isLoopbackHost } from "../core/hosts.ts";
import { Refusal } from "./problem.ts";

/**
 * A web page can have its own name resolve to 127.0.0.1 and then talk to this gateway as its own origin (DNS rebinding).
 * Its requests still carry that name as Host, so while loopback is all the protection there is, only loopback names
 * are answered.
 */
export function requireLoopbackHost(request: Request): void {
  if (isLoopbackHost(new URL(request.url).hostname)) return;
  throw new Refusal(
    "request.host_not_allowed",
    "Call the gateway as 127.0.0.1 or localhost, or set ALLOW_ANONYMOUS=true if something in front of it protects it.",
    { field: "host" },
  );
}
