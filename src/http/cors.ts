import { EXPOSED_HEADERS } from "./answer-headers.ts";

type Handle = (request: Request) => Response | Promise<Response>;

/** How long a browser may remember that it was let through, in seconds. */
const PREFLIGHT_MAX_AGE_SECONDS = "600";
const ALLOWED_METHODS = "GET, HEAD, POST";
/** Names of headers, as a browser lists those that a page wants to send; SDKs send a dozen of their own. */
const HEADER_NAMES = /^[\w\-, ]{1,2000}$/;

/**
 * Lets web pages of the given origins call the gateway (WHATWG Fetch, 3.3); `*` lets all. Without origins nothing
 * changes: browsers then keep answers from every page. No credentials are allowed, since there are none to send.
 */
export function withCors(origins: readonly string[], handle: Handle): Handle {
  if (origins.length === 0) return handle;
  const isAny = origins.includes("*");
  return async (request) => {
    const origin = request.headers.get("origin");
    const isAllowed = origin !== null && (isAny || origins.includes(origin));
    if (isAllowed && isPreflight(request)) return preflight(request, isAny ? "*" : origin);
    const response = await handle(request);
    // Said to every caller, so that a cache does not hand one origin's answer to another.
    if (!isAny) response.headers.append("vary", "origin");
    if (!isAllowed) return response;
    response.headers.set("access-control-allow-origin", isAny ? "*" : origin);
    response.headers.set("access-control-expose-headers", EXPOSED_HEADERS.join(", "));
    return response;
  };
}

const isPreflight = (request: Request): boolean =>
  request.method === "OPTIONS" && request.headers.has("access-control-request-method");

function preflight(request: Request, allowOrigin: string): Response {
  const wanted = request.headers.get("access-control-request-headers") ?? "";
  const asksPrivate = request.headers.get("access-control-request-private-network") === "true";
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": allowOrigin,
      "access-control-allow-methods": ALLOWED_METHODS,
      ...(HEADER_NAMES.test(wanted) ? { "access-control-allow-headers": wanted } : {}),
      ...(asksPrivate ? { "access-control-allow-private-network": "true" } : {}),
      "access-control-max-age": PREFLIGHT_MAX_AGE_SECONDS,
      vary: "origin, access-control-request-headers",
    },
  });
}
