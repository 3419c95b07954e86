import type { Features } from "../core/features.ts";
import { connectionOf } from "./connection.ts";

/**
 * Who takes turns with others for places: whom a trusted proxy names, else the peer's address. Labels that come in
 * another order are the same caller's, and so are all addresses of an IPv6 network of 64 bits, which is what one host gets.
 */
export function callerOf(request: Request, labels: Features["labels"]): string {
  const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return named.length > 0 ? named.toSorted().join(",") : networkOf(connectionOf(request).address);
}

const NETWORK_GROUPS = 4;

function networkOf(address: string): string {
  const { hostname } = URL.parse(`http://[${address}]`) ?? { hostname: "" };
  // An IPv4 address within IPv6 is a host's own; neither it nor a link's address has a network in front that tells hosts apart.
  if (hostname === "" || /^\[(::|fe80:)/.test(hostname)) return address;
  const [before = "", after] = hostname.slice(1, -1).split("::");
  const first = before === "" ? [] : before.split(":");
  const last = after === undefined || after === "" ? [] : after.split(":");
  const zeros = Array.from({ length: after === undefined ? 0 : 8 - first.length - last.length }, () => "0");
  return `${[...first, ...zeros, ...last].slice(0, NETWORK_GROUPS).join(":")}::/64`;
}
