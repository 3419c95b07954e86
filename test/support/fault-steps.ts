import type { Frames } from "./fault-frames.ts";

/** One thing that the fault server does with a connection on which it was asked. */
export type Step =
  | { readonly kind: "send"; readonly bytes: string | Uint8Array }
  | { readonly kind: "repeat"; readonly bytes: string | Uint8Array; readonly everyMs: number; readonly times: number }
  | { readonly kind: "wait"; readonly ms: number }
  /** `stay`: says nothing more and waits for the other side to leave. */
  | { readonly kind: "end"; readonly how: "close" | "reset" | "stay" };

export const send = (bytes: string | Uint8Array): Step => ({ kind: "send", bytes });
export const CLOSE: Step = { kind: "end", how: "close" };
export const RESET: Step = { kind: "end", how: "reset" };
/** So that what was sent is read before the connection ends. */
export const A_MOMENT: Step = { kind: "wait", ms: 100 };
export const STAY: Step = { kind: "end", how: "stay" };

const REASONS: Readonly<Record<number, string>> = { 200: "OK", 204: "No Content", 307: "Temporary Redirect" };
export type HeaderLines = Readonly<Record<string, string>>;

export function head(status: number, headers: HeaderLines): string {
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${REASONS[status] ?? "Whatever"}\r\n${lines.join("")}\r\n`;
}

export function jsonAnswer(status: number, body: object, headers: HeaderLines = {}): readonly Step[] {
  return textAnswer(status, JSON.stringify(body), { "content-type": "application/json", ...headers });
}

export function textAnswer(status: number, text: string, headers: HeaderLines): readonly Step[] {
  const bytes = Buffer.from(text);
  return [send(head(status, { ...headers, "content-length": `${bytes.byteLength}` })), send(bytes), CLOSE];
}

export const chunk = (frame: string): Step => {
  const bytes = Buffer.from(frame);
  return send(Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]));
};
export const LAST_CHUNK = send("0\r\n\r\n");

export const streamHead = ({ streamType }: Frames, headers: HeaderLines = {}): Step =>
  send(head(200, { "content-type": streamType, "transfer-encoding": "chunked", ...headers }));

/** The first half of a whole answer, of which nothing more will come. */
export const halfOf = ({ whole }: Frames): readonly Step[] => {
  const text = JSON.stringify(whole);
  return [
    send(head(200, { "content-type": "application/json", "content-length": `${text.length}` })),
    send(text.slice(0, text.length / 2)),
  ];
};

/** Not before so many seconds have passed: a date has no fractions. */
export const dateIn = (seconds: number): string =>
  new Date(Math.ceil(Date.now() / 1_000 + seconds) * 1_000).toUTCString();
