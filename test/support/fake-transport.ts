import type { Transport } from "../../src/providers/transport.ts";

type Sent = { readonly url: URL; readonly host: string | null; readonly init: BunFetchRequestInit };

/** A network that is made up: names by what `names` says they stand for, and `serve` answers what is sent. */
export function fakeTransport(
  names: Readonly<Record<string, readonly string[]>>,
  serve: (sent: Sent) => Response | Promise<Response> = () => new Response("{}"),
) {
  const sent: Sent[] = [];
  const lookedUp: string[] = [];
  const dialled: string[] = [];
  const network = { names: { ...names }, unreachable: new Set<string>() };
  const transport: Transport = {
    async send(input, init) {
      const url = new URL(input instanceof Request ? input.url : input);
      const call: Sent = { url, host: new Headers(init?.headers).get("host"), init: init ?? {} };
      sent.push(call);
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      const leave = () => reject(new DOMException("aborted", "AbortError"));
      if (init?.signal?.aborted) leave();
      init?.signal?.addEventListener("abort", leave);
      return await Promise.race([Promise.try(serve, call), aborted]);
    },
    async lookup(host) {
      lookedUp.push(host);
      const addresses = network.names[host];
      if (addresses === undefined) throw new Error("no such name");
      return addresses;
    },
    async dial(address, port, timeoutMs) {
      dialled.push(`${address} ${port}`);
      if (!network.unreachable.has(address)) return true;
      await Bun.sleep(timeoutMs);
      return false;
    },
  };
  return { transport, network, sent, lookedUp, dialled };
}
