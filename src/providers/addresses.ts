import {
  type AddressBlock,
  addressIn,
  isInBlock,
  isLocalAddress,
  readAddress,
  requireAddressBlock,
  withoutBrackets,
} from "../core/hosts.ts";
import type { Transport } from "./transport.ts";

/** Where a provider of the local zone may be: `any`, or beside local addresses in these blocks, as `10.0.0.0/8`. */
export type AllowedAddresses = "any" | readonly string[];

/** The name of a local provider stands for an address that is not. Nothing was sent. */
export class NotLocal extends Error {
  override readonly name = "NotLocal";
}

/** More than a name of one server has. */
const MAX_DIALLED = 8;

/**
 * The addresses of one provider that must stay local. Names are resolved anew for each call, since whoever answers for
 * a name may answer otherwise the next time, and calls go to an address that was looked at, not to the name.
 */
export class LocalAddresses {
  /** The host is an address itself, and may be called: there is nothing to look up, then or ever. */
  readonly isGiven: boolean;
  readonly #host: string;
  readonly #port: number;
  readonly #blocks: readonly AddressBlock[];
  readonly #transport: Transport;
  #resolving: Promise<readonly string[]> | null = null;
  /** Who took a connection last. */
  #lastReached: string | null = null;

  /** `allowed` is what the policy's check let through. */
  constructor(host: string, port: number, allowed: readonly string[], transport: Transport) {
    this.#host = host;
    this.#port = port;
    this.#blocks = allowed.map(requireAddressBlock);
    this.#transport = transport;
    this.isGiven = this.#mayBeCalled(withoutBrackets(host));
  }

  /** All of them, in the resolver's order. Throws `NotLocal` where one is not, and what the resolver throws. */
  async all(): Promise<readonly string[]> {
    const addresses = await this.#resolve();
    // One that is not is reason enough: a name that leads here and elsewhere is not for certain ours.
    if (!addresses.every((address) => this.#mayBeCalled(address))) throw new NotLocal();
    return addresses;
  }

  /** The one to call; null where nobody takes a connection on any of several, or the name has none. */
  async choose(withinMs: number): Promise<string | null> {
    // A URL cannot name the link that an address with a scope is on.
    const addresses = (await this.all()).filter((address) => !address.includes("%"));
    const [first, second] = addresses;
    if (first === undefined || second === undefined) return first ?? null;
    if (this.#lastReached !== null && addresses.includes(this.#lastReached)) return this.#lastReached;
    this.#lastReached = await firstReached(this.#transport, addresses, this.#port, withinMs);
    return this.#lastReached;
  }

  /** The call to the one that was chosen came to nothing: next time all of them are tried. */
  forget(): void {
    this.#lastReached = null;
  }

  #mayBeCalled(text: string): boolean {
    const address = readAddress(text);
    if (address === null) return false;
    return isLocalAddress(address) || this.#blocks.some((block) => isInBlock(address, block));
  }

  /** A resolver that hangs is asked once by all who wait for it. */
  #resolve(): Promise<readonly string[]> {
    this.#resolving ??= addressesOf(this.#host, this.#transport).finally(() => {
      this.#resolving = null;
    });
    return this.#resolving;
  }
}

/** Of a host as a URL writes it; rejects where the name has none. */
export async function addressesOf(host: string, { lookup }: Transport): Promise<readonly string[]> {
  return isAddress(host) ? [withoutBrackets(host)] : await lookup(host);
}

/** Whether a host as a URL writes it is an address and no name. */
export const isAddress = (host: string): boolean => addressIn(host) !== null;

/** Asks all at once, since one of them may drop what comes. */
export async function firstReached(
  { dial }: Transport,
  addresses: readonly string[],
  port: number,
  withinMs: number,
): Promise<string | null> {
  const dialled = addresses.slice(0, MAX_DIALLED).map(async (address) => {
    if (!(await dial(address, port, withinMs))) throw new Error("not reached");
    return address;
  });
  return Promise.any(dialled).catch(() => null);
}
