/** Whether a host, as a URL or a bind address writes it, can only be this machine. */
export function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Services on the internet that speak a model protocol: nothing that is sent there stays local. */
const HOSTED = /(^|\.)(ollama\.com|openai\.com|openai\.azure\.com|anthropic\.com|googleapis\.com)\.?$/i;

/**
 * Whether a host can be in the operator's own network: a name that is not one of a hosted service, or a loopback,
 * private, link-local or carrier-grade NAT address (RFC 1918, RFC 4193, RFC 6598) or the unspecified one, which connects
 * to this machine. A name is taken at its word; what it
 * resolves to is not asked here.
 */
export function isLocalServer(host: string): boolean {
  const ipv4 = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(host);
  if (ipv4 !== null) return isPrivateIpv4(Number(ipv4[1]), Number(ipv4[2]));
  if (host.startsWith("[")) return host === "[::]" || host === "[::1]" || /^\[f([cd].|e[89ab]).:/i.test(host);
  return !HOSTED.test(host);
}

function isPrivateIpv4(first: number, second: number): boolean {
  if (first === 0 || first === 10 || first === 127) return true;
  if (first === 172) return second >= 16 && second <= 31;
  if (first === 100) return second >= 64 && second <= 127;
  return (first === 192 && second === 168) || (first === 169 && second === 254);
}
