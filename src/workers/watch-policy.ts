import { repeat, type Worker } from "./repeat.ts";

/** What is to be seen of a policy file. Neither of these throws. */
export type PolicySource = {
  /** Cheap; the same answer as before says that nobody wrote since. */
  readonly look: () => Promise<string>;
  readonly read: () => Promise<Seen>;
};

/** `stamp` is of the content, or of why it cannot be had: equal for equal contents and for equal faults. */
export type Seen =
  | { readonly kind: "there"; readonly stamp: string }
  | { readonly kind: "missing"; readonly message: string }
  /** Somebody writes just now. */
  | { readonly kind: "changing" };

export type ReloadReason = "changed" | "signal";

export type PolicyWatching = {
  readonly source: PolicySource;
  /** Of what is in force. Null takes what is there at the first look for it. */
  readonly stamp: string | null;
  /** Reads the file for itself and says what became of it; must not throw. Never called twice at once. */
  readonly reload: (reason: ReloadReason) => Promise<void>;
  /** The file is gone, and what is in force stays; told once each time. */
  readonly onMissing: (message: string) => void;
};

/** How many looks in a row have to miss the file: who replaces a file may take it away first. */
const LOOKS_UNTIL_MISSING = 2;

/**
 * Tells of each change of a policy file once, when it is stable: what a look finds changed is taken for written when
 * the next look finds the same. So a reader never hurries into half a file.
 */
export class PolicyWatch {
  readonly #watching: Omit<PolicyWatching, "stamp">;
  /** Of what was last handed to `reload`. */
  #known: string | null;
  /** Of a change that has yet to prove stable. */
  #pending: string | null = null;
  #lastLook: string | null = null;
  #missedLooks = 0;
  #running: Promise<void> = Promise.resolve();
  #waitingSignal: Promise<void> | null = null;

  constructor({ stamp, ...watching }: PolicyWatching) {
    this.#watching = watching;
    this.#known = stamp;
  }

  /** One look. Resolves when the file is read, and reloaded where that was due. */
  look(): Promise<void> {
    return this.#inTurn(() => this.#look());
  }

  /** Reloads whatever is there now. Signals that come while one waits are the same one. */
  signal(): Promise<void> {
    this.#waitingSignal ??= this.#inTurn(() => {
      this.#waitingSignal = null;
      return this.#signal();
    });
    return this.#waitingSignal;
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#running.then(task);
    // A bug in one of them is for whoever waits for that one.
    this.#running = done.catch(() => {});
    return done;
  }

  async #look(): Promise<void> {
    const { source, reload } = this.#watching;
    const look = await source.look();
    if (look === this.#lastLook && this.#pending === null && this.#missedLooks !== 1) return;
    const seen = await this.#read(look);
    if (seen === null) return;
    this.#known ??= seen;
    const isStable = seen === this.#pending;
    this.#pending = isStable || seen === this.#known ? null : seen;
    if (!isStable || seen === this.#known) return;
    this.#known = seen;
    await reload("changed");
  }

  async #signal(): Promise<void> {
    const { source, reload } = this.#watching;
    const seen = await this.#read(await source.look());
    this.#known = seen ?? this.#known;
    this.#pending = null;
    await reload("signal");
  }

  /** The stamp of what is there; null where there is nothing to compare. `look` came before it, so no change is lost. */
  async #read(look: string): Promise<string | null> {
    const seen = await this.#watching.source.read();
    this.#lastLook = seen.kind === "changing" ? null : look;
    if (seen.kind === "there") {
      this.#missedLooks = 0;
      return seen.stamp;
    }
    this.#pending = null;
    if (seen.kind === "missing" && ++this.#missedLooks === LOOKS_UNTIL_MISSING) this.#watching.onMissing(seen.message);
    return null;
  }
}

/** Looks now and then every `everyMs`, until stopped. */
export function watchPolicy(watching: PolicyWatching, everyMs: number): Worker & Pick<PolicyWatch, "signal"> {
  const watch = new PolicyWatch(watching);
  const worker = repeat(() => watch.look(), everyMs);
  return { signal: () => watch.signal(), stop: () => worker.stop() };
}
