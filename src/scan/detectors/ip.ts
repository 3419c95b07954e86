import type { Match, Near, NumberDetector } from "../detector.ts";
import type { NumberRun } from "../number-run.ts";
import { matchIpv6 } from "./ipv6.ts";

const CODE = "pii.ip";
const NONE: readonly Match[] = [];
const WORDS = [
  ...["ip", "ips", "ipv", "ipaddr", "ipaddress", "addr", "address", "client", "clientip", "remote", "remoteip"],
  ...["remoteaddr", "remoteaddress", "host", "peer", "login", "logged", "visitor", "user", "connection", "connected"],
  ...["forwarded", "whois", "geolocation", "geoip", "banned", "blocked", "traced", "signin"],
] as const;

/** Which addresses of version 4 are a person's or a company's: none of those set apart by IANA, no netmask. */
function isPublic(first: number, second: number, third: number): boolean {
  if (first === 0 || first === 10 || first === 127 || first >= 224) return false;
  if (first === 100) return second < 64 || second > 127;
  if (first === 169) return second !== 254;
  if (first === 172) return second < 16 || second > 31;
  if (first === 192)
    return second !== 168 && !(second === 0 && (third === 0 || third === 2)) && !(second === 88 && third === 99);
  if (first === 198) return second !== 18 && second !== 19 && !(second === 51 && third === 100);
  return !(first === 203 && second === 0 && third === 113);
}

/** A number from 0 to 255 without needless zeros, or -1. */
function octet(run: NumberRun, group: number): number {
  const start = run.start(group);
  const size = run.size(group);
  if (size > 3 || (size > 1 && run.text.charCodeAt(start) === 0x30)) return -1;
  let value = 0;
  for (let index = start; index < start + size; index++) value = value * 10 + run.text.charCodeAt(index) - 0x30;
  return value <= 255 ? value : -1;
}

const isDot = (run: NumberRun, group: number): boolean =>
  run.start(group + 1) - run.end(group) === 1 && run.text.charCodeAt(run.end(group)) === 0x2e;

const JOINED_BEFORE = /[\p{L}\p{N}_.\-+\\^~$]/u;
const JOINED_AFTER = /[\p{L}\p{N}_+*]/u;
/** What makes four numbers a version: `version 1.2.3.4`, `>= 1.2.3.4`. */
const VERSION_BEFORE =
  /(?:version|versions|ver|release|released|upgrade|upgraded|build|revision|firmware|driver|rfc|section|oid|since|[<>~^=]=|[<>~^])["'\s:=([]{0,4}$/i;
const VERSION_REACH = 16;
/** `192.0.2.1:443`, and the first fields of a web server's log. */
const PORT_OR_LOG = /:\d{1,5}(?![\d.])| - (?:-|[\w.@-]{1,32}) \[/y;
/** A network is nobody; one address alone may be written as one. */
const NETWORK = /\/(?!32(?!\d))\d/y;

/** Four numbers below this are the number of a version or of a section. One address in 27,000 is so, too. */
const SMALL = 20;
const NAMED_BEFORE = /(?:^|[^a-z.])ip(?:v4)?(?:[\s_-]?addr(?:ess)?)?(?:\s(?:is|was))?["'\s:=]{1,4}$/i;
const NAMED_REACH = 24;

function strengthOfFour(text: string, start: number, end: number, isSmall: boolean, near: Near): "weak" | "medium" {
  NETWORK.lastIndex = end;
  if (NETWORK.test(text) || VERSION_BEFORE.test(text.slice(Math.max(0, start - VERSION_REACH), start))) return "weak";
  PORT_OR_LOG.lastIndex = end;
  if (PORT_OR_LOG.test(text)) return "medium";
  const isNamed = isSmall ? NAMED_BEFORE.test(text.slice(Math.max(0, start - NAMED_REACH), start)) : near(start, end);
  return isNamed ? "medium" : "weak";
}

/** Four groups of the run with a dot between them. */
function matchFour(run: NumberRun, group: number, near: Near): Match | null {
  if (!isDot(run, group) || !isDot(run, group + 1) || !isDot(run, group + 2)) return null;
  const first = octet(run, group);
  const second = octet(run, group + 1);
  const third = octet(run, group + 2);
  const fourth = octet(run, group + 3);
  if (first < 0 || second < 0 || third < 0 || fourth < 0) return null;
  const { text } = run;
  const start = run.start(group);
  const end = run.end(group + 3);
  if (JOINED_BEFORE.test(text.charAt(start - 1)) || JOINED_AFTER.test(text.charAt(end))) return null;
  const after = text.charAt(end);
  if ((after === "-" || after === ".") && /[\p{L}\p{N}*]/u.test(text.charAt(end + 1))) return null;
  const isSmall = first < SMALL && second < SMALL && third < SMALL && fourth < SMALL;
  const strength = isPublic(first, second, third) ? strengthOfFour(text, start, end, isSmall, near) : "weak";
  return { code: CODE, start, end, strength };
}

function look(run: NumberRun, near: Near): readonly Match[] {
  let matches: Match[] | null = null;
  for (let group = 0; group < run.count; group++) {
    const match = (group + 3 < run.count ? matchFour(run, group, near) : null) ?? matchIpv6(run.text, run.start(group));
    if (match === null) continue;
    matches ??= [];
    matches.push(match);
  }
  return matches ?? NONE;
}

const addresses: NumberDetector = {
  kind: "number",
  codes: [CODE],
  title: "A public internet address: of version 6, or of version 4 where something says that it is no version number.",
  sources: [
    "https://www.iana.org/assignments/iana-ipv4-special-registry/",
    "https://www.iana.org/assignments/iana-ipv6-special-registry/",
    "https://www.rfc-editor.org/rfc/rfc4291",
  ],
  context: WORDS,
  // More is read only of what looks like an address, and then once.
  reach: 8,
  look,
};

export const ip = [addresses] as const;
