import { addressesOf, firstReached, type LocalAddresses } from "./addresses.ts";
import type { Transport } from "./transport.ts";
import { within } from "./within.ts";

type Running = { readonly limitMs: number; readonly reached: Promise<boolean> };

/**
 * Tells a server that cannot be reached from one that is slow to answer, which `fetch` does not: when half of the time
 * for a connection has gone by without an answer, one is tried beside the call, in the other half. Calls that wonder at
 * the same time share it.
 */
export class ConnectProbe {
  readonly #port: number;
  readonly #addresses: () => Promise<readonly string[]>;
  readonly #transport: Transport;
  #reachedAtMs = Number.NEGATIVE_INFINITY;
  #running: Running | null = null;

  constructor(host: string, port: number, local: LocalAddresses | null, transport: Transport) {
    this.#port = port;
    this.#addresses = () => local?.all() ?? addressesOf(host, transport);
    this.#transport = transport;
  }

  /**
   * Calls `unreachable`, at most once, when no connection can be had within `limitMs`. Returns how to end the watch, which
   * must be done once the call is over.
   */
  watch(limitMs: number, unreachable: () => void): () => void {
    const sinceMs = performance.now();
    let watching = true;
    const look = async () => {
      // It answered somebody else meanwhile.
      if (this.#reachedAtMs >= sinceMs) return;
      const reached = await this.#reach(limitMs / 2);
      if (watching && !reached) unreachable();
    };
    const timer = setTimeout(look, limitMs / 2);
    return () => {
      watching = false;
      clearTimeout(timer);
    };
  }

  /** An answer came. */
  answered(): void {
    this.#reachedAtMs = performance.now();
  }

  async #reach(limitMs: number): Promise<boolean> {
    // One with a shorter limit gives up sooner than who asks now may.
    const shared = this.#running !== null && this.#running.limitMs >= limitMs ? this.#running : this.#start(limitMs);
    return (await within(shared.reached, limitMs)) ?? false;
  }

  #start(limitMs: number): Running {
    const reached = this.#dial(limitMs).finally(() => {
      if (this.#running === running) this.#running = null;
    });
    const running = { limitMs, reached };
    this.#running = running;
    return running;
  }

  async #dial(limitMs: number): Promise<boolean> {
    try {
      return (await firstReached(this.#transport, await this.#addresses(), this.#port, limitMs)) !== null;
    } catch {
      // The name stands for no address, or for one that must not be called.
      return false;
    }
  }
}
