/** Stands in for the database worker: starts at once, and dies of a bug when it is asked to close. */
import type { Command, Report } from "../../src/store/embedded/messages.ts";

declare const self: Worker;

self.onmessage = (event: MessageEvent<Command>) => {
  const ready: Report = { type: "ready" };
  if (event.data.type === "start") self.postMessage(ready);
  else throw new Error("a bug in the worker");
};
