import { userInfo } from "node:os";

/** What the `postgres` client needs to know of a database URL. */
export type ClientOptions = {
  readonly host?: string;
  readonly path?: string;
  readonly port: number;
  readonly username: string;
  readonly password?: string;
  readonly database: string;
  readonly ssl: "require" | "prefer" | "allow" | "verify-full" | false;
};

const DEFAULT_PORT = 5432;

/**
 * Reads a database URL the way dbmate does, for the `postgres` client, whose own reading knows neither an empty host
 * nor `?host=/directory`. `null` when it is not a PostgreSQL URL. Without `sslmode` TLS is used where the server has it.
 */
export function clientOptions(databaseUrl: string): ClientOptions | null {
  try {
    const url = parse(databaseUrl);
    return url === null ? null : optionsOf(url);
  } catch (cause) {
    // Neither the URL parser nor the percent decoder says beforehand whether it will accept a text.
    if (cause instanceof URIError || cause instanceof TypeError) return null;
    throw cause;
  }
}

function optionsOf(url: URL): ClientOptions {
  const port = Number(url.port || url.searchParams.get("port") || DEFAULT_PORT);
  const host = url.searchParams.get("host") || url.searchParams.get("socket") || hostOf(url);
  const username = decodeURIComponent(url.username) || userInfo().username;
  const password = decodeURIComponent(url.password);
  return {
    ...(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host }),
    port,
    username,
    ...(password === "" ? {} : { password }),
    database: decodeURIComponent(url.pathname.slice(1)) || username,
    ssl: tls(url.searchParams.get("sslmode")),
  };
}

/** WHATWG URLs allow no user info without a host, libpq's do: a placeholder stands in for the missing host. */
const NO_HOST = "no-host.invalid";

function parse(databaseUrl: string): URL | null {
  const match = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?(.*)$/s.exec(databaseUrl);
  if (match === null) return null;
  const [, credentials, rest = ""] = match;
  const host = rest === "" || /^[/?:]/.test(rest) ? NO_HOST : "";
  return new URL(`http://${credentials === undefined ? "" : `${credentials}@`}${host}${rest}`);
}

/** Where Debian's and Homebrew's servers put their sockets: what a URL without a host means. */
function hostOf(url: URL): string {
  if (url.hostname !== NO_HOST) return url.hostname.replace(/^\[(.*)\]$/, "$1");
  return process.platform === "linux" ? "/var/run/postgresql" : "/tmp";
}

function tls(sslmode: string | null): ClientOptions["ssl"] {
  if (sslmode === "disable") return false;
  if (sslmode === "verify-ca" || sslmode === "verify-full") return "verify-full";
  return sslmode === "require" ? "require" : "prefer";
}
