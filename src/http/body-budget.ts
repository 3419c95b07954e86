const MIB = 1_048_576;
/** Of all bodies that are being read or whose requests are under way; what is read of them takes some times that. */
const MAX_TOTAL_BYTES = 256 * MIB;
/** What a body counts for at least: a connection that sends nothing takes memory too. */
const LEAST_BYTES = 16_384;

/**
 * Bounds the bytes of all request bodies that are in memory at once. One caller may hold no more than it leaves free: so
 * there is always room for the next caller, however many bodies the first one sends and however slowly. A caller that is
 * alone may hold all.
 */
export class BodyBudget {
  readonly #maxBytes: number;
  #heldBytes = 0;
  #leaseCount = 0;
  /** Of those that hold any. */
  readonly #heldByCaller = new Map<string, number>();

  constructor(maxBytes = MAX_TOTAL_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Null where there is no room even for a small body. */
  lease(caller: string): BodyLease | null {
    let held = 0;
    let isOpen = true;
    const grow = (bytes: number): boolean => {
      // Alone, it is bounded by the largest body that is read.
      const isAlone = this.#leaseCount === (held === 0 ? 0 : 1);
      const own = (this.#heldByCaller.get(caller) ?? 0) + bytes;
      if (!isOpen || (!isAlone && own > this.#maxBytes - this.#heldBytes - bytes)) return false;
      held += bytes;
      this.#heldBytes += bytes;
      this.#heldByCaller.set(caller, own);
      return true;
    };
    if (!grow(LEAST_BYTES)) return null;
    this.#leaseCount++;
    return {
      fits: (bytes) => bytes <= held || grow(bytes - held),
      release: () => {
        if (!isOpen) return;
        isOpen = false;
        this.#leaseCount--;
        this.#heldBytes -= held;
        const rest = (this.#heldByCaller.get(caller) ?? 0) - held;
        if (rest > 0) this.#heldByCaller.set(caller, rest);
        else this.#heldByCaller.delete(caller);
      },
    };
  }
}

export type BodyLease = {
  /** Grows the lease to so many bytes in all; false where there is no room for them. */
  fits(bytes: number): boolean;
  /** Gives all back. Calling it again does nothing. */
  release(): void;
};

/** Memory is the process's, so this is, too. */
export const ALL_BODIES = new BodyBudget();

const NO_BODY: BodyLease = { fits: () => false, release: () => {} };
const leases = new WeakMap<Request, BodyLease>();

export const keepBody = (request: Request, lease: BodyLease): void => {
  leases.set(request, lease);
};

/** Whoever takes it releases it: an answer may go on after its response was given away. */
export function takeBody(request: Request): BodyLease {
  const lease = leases.get(request) ?? NO_BODY;
  leases.delete(request);
  return lease;
}
