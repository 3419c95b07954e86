import type { LiteralDetector, Match, Strength } from "../detector.ts";
import { ALPHANUMERIC, endsEscape, isAt, LETTER, NAME } from "./characters.ts";
import { passwordStrength } from "./credential-value.ts";

const MAX_SCHEME = 24;
const MAX_USERINFO = 300;
/** What ends the authority of a URL, or cannot be in it. */
const ENDS: ReadonlySet<number> = new Set(
  Array.from("/?# \t\r\n\"'`<>\\,;|\u0000\u0001\u0002", (end) => end.charCodeAt(0)),
);
const COLON = 0x3a;
const AT = 0x40;

/** Schemes of databases, queues, directories, mail and file servers; a password in any other is `secret.url_credentials`. */
const SERVICES =
  /^(?:postgres(?:ql)?|pgsql|mysqlx?|mariadb|mongodb|rediss?|valkeys?|amqps?|mssql|sqlserver|oracle|ldaps?|ftps?|sftp|smtps?|imaps?|kafka|clickhouses?|snowflake|couchbases?|couchdb|cassandra|neo4j|bolt|nats|mqtts?|cockroachdb|db2|jdbc|influxdb|memcached|stomp|elasticsearch|opensearch|bigquery|trino|presto|redshift|timescaledb|libsql|questdb|celery|tls)/i;

/**
 * A password in the authority of a URL. What is weak is a password that equals the user, names itself (`user:pass@`), is
 * a variable or a template, or is too short to tell anything.
 */
export const urlCredentialsDetector: LiteralDetector = {
  kind: "literal",
  codes: ["secret.url_credentials", "secret.connection_string"],
  title: "A URL with a user and a password before its host; of a database, queue or directory, a connection string.",
  sources: ["https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1"],
  literals: ["://"],
  reach: MAX_USERINFO,
  look(text, at) {
    const from = at + 3;
    const last = Math.min(text.length, from + MAX_USERINFO);
    let colon = -1;
    let sign = -1;
    for (let index = from; index < last; index++) {
      const unit = text.charCodeAt(index);
      if (ENDS.has(unit)) break;
      if (unit === COLON && colon < 0) colon = index;
      // A password may have an unescaped @ of its own; the host is after the last.
      if (unit === AT && colon >= 0) sign = index;
    }
    return sign < 0 ? null : judged(text, at, colon, sign);
  },
};

function judged(text: string, at: number, colon: number, sign: number): Match | null {
  const scheme = schemeStart(text, at);
  if (scheme === at || !(isAt(text, sign + 1, ALPHANUMERIC) || text.charAt(sign + 1) === "[")) return null;
  const user = text.slice(at + 3, colon);
  const strength = pairStrength(user, unescaped(text.slice(colon + 1, sign)));
  const service = SERVICES.test(text.slice(scheme, at));
  const code = service ? "secret.connection_string" : "secret.url_credentials";
  return { code, start: scheme, end: sign, strength };
}

function schemeStart(text: string, at: number): number {
  const least = Math.max(0, at - MAX_SCHEME);
  let index = at;
  while (index > least && (isAt(text, index - 1, NAME) || text.charAt(index - 1) === "+")) {
    if (endsEscape(text, index)) break;
    index--;
  }
  return isAt(text, index, LETTER) ? index : at;
}

function unescaped(password: string): string {
  if (!password.includes("%")) return password;
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

/** A user and a password that belong together, as `user:password` has them: nothing else does, so that a word will do. */
export function pairStrength(user: string, password: string): Strength {
  if (password === user || password === "") return "weak";
  return passwordStrength(password, 1);
}
