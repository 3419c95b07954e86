import type { Command, EmbeddedFailure, Report } from "./messages.ts";

/** Owns the worker. One command is under way at a time; an answer never fails to come, if only as a failure. */
export class DatabaseThread {
  readonly died: Promise<EmbeddedFailure>;
  readonly #worker: Worker;
  #stopped = false;
  #answer: ((report: Report) => void) | undefined;

  constructor(worker: string | URL) {
    this.#worker = new Worker(worker);
    this.#worker.onmessage = (event: MessageEvent<Report>) => this.#answer?.(event.data);
    this.died = new Promise((resolve) => {
      const die = (message: string) => {
        if (this.#stopped) return;
        const failure: EmbeddedFailure = { kind: "worker", message: `the embedded database stopped: ${message}` };
        this.stop();
        this.#answer?.({ type: "failed", failure });
        resolve(failure);
      };
      this.#worker.onerror = (event) => die(event.message);
      this.#worker.addEventListener("close", () => die("its thread ended"));
    });
  }

  async ask(command: Command, timeoutMs: number): Promise<Report> {
    if (this.#stopped) return { type: "failed", failure: { kind: "worker", message: "the embedded database is gone" } };
    const timedOut: EmbeddedFailure = {
      kind: "worker",
      message: `the embedded database did not ${command.type} in time`,
    };
    const answer = new Promise<Report>((resolve) => {
      this.#answer = resolve;
    });
    const timer = setTimeout(() => this.#answer?.({ type: "failed", failure: timedOut }), timeoutMs);
    this.#worker.postMessage(command);
    const report = await answer;
    clearTimeout(timer);
    this.#answer = undefined;
    return report;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#worker.terminate();
  }
}
