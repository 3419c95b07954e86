import type { Features } from "../core/features.ts";
import { isInBlock, readAddress, requireAddressBlock } from "../core/hosts.ts";
import { connectionOf } from "./connection.ts";

/**
 * Who takes turns with others for places: whom a trusted proxy names, else the peer's address. Labels that come in
 * another order are the same caller's, and so are all addresses of an IPv6 network of 64 bits, which is what one host gets.
 */
export function callerOf(request: Request, labels: Features["labels"]): string {
  const named = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return named.length > 0 ? named.toSorted().join(",") : networkOf(connectionOf(request).address);
}

/** What has no network in front of it that tells hosts apart: this machine, and the addresses of one link. */
const OF_NO_NETWORK = ["::/32", "fe80::/10"].map(requireAddressBlock);

function networkOf(address: string): string {
  const bytes = readAddress(address);
  // One of IPv4, also where it is written as one of IPv6, is a host's own.
  if (bytes === null || bytes.length < 16 || OF_NO_NETWORK.some((block) => isInBlock(bytes, block))) return address;
  const groups = [0, 2, 4, 6].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return `${groups.join(":")}::/64`;
}
