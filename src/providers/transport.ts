import { lookup } from "node:dns/promises";
import { connect } from "node:net";

/** What an SDK's `fetch` option takes. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** All that a provider does on the network. */
export type Transport = {
  /** One request. `init` may say more than its type: Bun's `keepalive`, `proxy`, `timeout` and `tls`. */
  readonly send: Fetch;
  /** Every address of a name, in the order of the resolver. Rejects where it has none. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
  /** Whether somebody takes a TCP connection there within the time. Nothing is sent on it. */
  readonly dial: (address: string, port: number, timeoutMs: number) => Promise<boolean>;
};

export const NETWORK: Transport = {
  send: (input, init) => fetch(input, init),
  lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  dial: (address, port, timeoutMs) => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect({ host: address, port });
    const end = (reached: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reached);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
    return promise;
  },
};
