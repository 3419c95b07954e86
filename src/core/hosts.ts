/** Whether a host, as a URL or a bind address writes it, can only be this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Services on the internet that speak a model protocol: nothing that is sent there stays local. */
const HOSTED = /(^|\.)(ollama\.com|openai\.com|openai\.azure\.com|anthropic\.com|googleapis\.com)\.?$/i;

/**
 * Whether a host, as a URL writes it, can be in the operator's own network: a name that is not one of a hosted service,
 * or an address that `isLocalAddress` takes. A name is taken at its word; what it resolves to is asked when it is called.
 */
export function isLocalServer(host: string): boolean {
  const address = addressIn(host);
  return address === null ? !host.startsWith("[") && !HOSTED.test(host) : isLocalAddress(address);
}

/** The bytes of an IP address: 4, or 16 for one of IPv6 that does not stand for one of IPv4 (RFC 4291, 2.5.5.2). */
export type Address = readonly number[];

/** Addresses that begin with the same `bits`. */
export type AddressBlock = { readonly address: Address; readonly bits: number };

const MAPPED: Address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

/** Null for what is no IP address. A scope, as in `fe80::1%eth0`, says on which link an address is and not which. */
export function readAddress(text: string): Address | null {
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) {
    const bytes = text.split(".").map(Number);
    // Some readers take a zero in front for an octal number.
    return bytes.every((byte, at) => byte <= 255 && `${byte}` === text.split(".")[at]) ? bytes : null;
  }
  const unscoped = text.replace(/%[\w.~-]{1,32}$/, "");
  if (!/^[\da-f:.]{2,45}$/i.test(unscoped)) return null;
  // The parser of URLs knows every way to write one, and writes it in one.
  const canonical = URL.parse(`http://[${unscoped}]/`)?.hostname.slice(1, -1);
  if (canonical === undefined) return null;
  const bytes = bytesOf(canonical);
  return MAPPED.every((byte, at) => bytes[at] === byte) ? bytes.slice(MAPPED.length) : bytes;
}

/** The address that the host of a URL is, IPv6 in brackets; null where it is a name. */
export const addressIn = (host: string): Address | null => readAddress(withoutBrackets(host));

/** A host as a URL writes it, in the form that resolvers and `readAddress` take. */
export const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");

/** Of eight groups in hexadecimal, the longest run of zeros left out as `::`. */
function bytesOf(canonical: string): number[] {
  const [head = "", tail] = canonical.split("::");
  const groupsOf = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return [...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 0xff]);
}

/**
 * A block in CIDR notation as `10.0.0.0/8` or `fd00::/8`, or a single address. Null for anything else, among it a block
 * whose address has bits set behind those that count: which of the two was meant nobody knows.
 */
export function readAddressBlock(text: string): AddressBlock | null {
  const [, written = "", length] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const address = written.includes("%") ? null : readAddress(written);
  if (address === null) return null;
  // A block of mapped addresses counts its bits from the beginning of IPv6.
  const skipped = written.includes(":") && address.length === 4 ? 96 : 0;
  const bits = length === undefined ? address.length * 8 : Number(length) - skipped;
  if (bits < 0 || bits > address.length * 8) return null;
  const isFirst = address.every((byte, at) => (byte & ~maskOf(bits, at) & 0xff) === 0);
  return isFirst ? { address, bits } : null;
}

export function isInBlock(address: Address, block: AddressBlock): boolean {
  if (address.length !== block.address.length) return false;
  return address.every((byte, at) => ((byte ^ (block.address[at] ?? 0)) & maskOf(block.bits, at)) === 0);
}

/** The bits that count in the byte at `at`. */
const maskOf = (bits: number, at: number): number => (0xff << (8 - Math.min(8, Math.max(0, bits - at * 8)))) & 0xff;

const LOCAL = [
  // The unspecified addresses connect to this machine.
  "0.0.0.0/32",
  "::/128",
  // Loopback.
  "127.0.0.0/8",
  "::1/128",
  // Private (RFC 1918, RFC 4193), behind a carrier's NAT (RFC 6598) and of one link (RFC 3927, RFC 4291).
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fc00::/7",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "fe80::/10",
].map(requireAddressBlock);

/** Whether an address can only be this machine or one of the operator's own network. */
export const isLocalAddress = (address: Address): boolean => LOCAL.some((block) => isInBlock(address, block));

/** For a block that is known to be one, as the policy's check let it through. Throws for anything else. */
export function requireAddressBlock(text: string): AddressBlock {
  const block = readAddressBlock(text);
  if (block === null) throw new Error(`no block of addresses: ${text}`);
  return block;
}
