import { describe, expect, test } from "bun:test";
import { SseSplitter } from "../../../src/providers/sse.ts";
import { ResponseTooLarge } from "../../../src/providers/upstream-errors.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const plainEvent = (data: string) => ({ bytes: `data: ${data}\n\n`, data, name: null, plain: true });

/** What comes of a body in these reads, its bytes as text. */
function split(...reads: (string | Uint8Array)[]) {
  const splitter = new SseSplitter(64);
  return reads.flatMap((read) =>
    splitter.push(typeof read === "string" ? encode(read) : read).map((event) => ({
      ...event,
      bytes: new TextDecoder("utf-8", { ignoreBOM: true }).decode(event.bytes),
    })),
  );
}

describe("a body of server-sent events", () => {
  test("gives each event with the bytes it came as", () => {
    expect(split("data: {}\n\ndata: [DONE]\n\n")).toEqual([plainEvent("{}"), plainEvent("[DONE]")]);
  });

  test("gives views of what was read, not copies", () => {
    const read = encode("data: 1\n\ndata: 2\n\n");
    expect(new SseSplitter().push(read).map(({ bytes }) => bytes.buffer === read.buffer)).toEqual([true, true]);
  });

  test("does not give what no blank line has ended", () => {
    expect(split("data: 1\n\ndata: 2\n")).toEqual([plainEvent("1")]);
  });

  test("gives an event that ends with the blank line's carriage return, before any line feed comes", () => {
    expect(split("data: 1\r\n\r")).toEqual([{ bytes: "data: 1\r\n\r", data: "1", name: null, plain: false }]);
  });

  test.each([
    ["line feeds", "data: 1\n\ndata: 2\n\n"],
    ["carriage returns", "data: 1\r\rdata: 2\r\r"],
    ["both", "data: 1\r\n\r\ndata: 2\r\n\r\n"],
    ["a mixture", "data: 1\n\r\ndata: 2\r\n\n"],
    ["more blank lines than it takes", "\n\r\n\rdata: 1\n\n\n\ndata: 2\n\n"],
    ["a byte order mark", "\uFEFFdata: 1\n\ndata: 2\n\n"],
    ["comments", ": hello\n\n: x\ndata: 1\n:\n\ndata: 2\n\n"],
    ["fields that mean nothing here", "id: 9\nretry: 10\nother\ndata: 1\n\ndata: 2\n\n"],
    ["no blank after the colon", "data:1\n\ndata:2\n\n"],
  ])("is read with %s, wherever it is cut", (_name, body) => {
    const bytes = encode(body);
    for (let at = 0; at <= bytes.length; at++) {
      const events = split(bytes.subarray(0, at), new Uint8Array(), bytes.subarray(at));
      expect(events.map(({ data }) => data)).toEqual(["1", "2"]);
    }
    expect(split(...Array.from(bytes, (byte) => Uint8Array.of(byte))).map(({ data }) => data)).toEqual(["1", "2"]);
  });

  test("joins lines of data by line feeds, and takes one blank after the colon off", () => {
    expect(split("event: x\ndata: {\ndata:  1\ndata\n\n")).toMatchObject([
      { data: "{\n 1\n", name: "x", plain: false },
    ]);
  });

  test("takes a carriage return and a line feed for one line end, whatever comes between them", () => {
    const events = split("data: 1\r", "", "\ndata: 2\r\n\r\n");
    expect(events.map(({ data }) => data)).toEqual(["1\n2"]);
  });

  test("takes a byte order mark off its beginning only", () => {
    expect(split("data: 1\n\n\uFEFFdata: 2\n\n")).toEqual([plainEvent("1")]);
  });

  test("keeps characters whole that reads cut", () => {
    const bytes = encode("data: Grüße, 世界 🎉\n\n");
    expect(split(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([plainEvent("Grüße, 世界 🎉")]);
  });

  test("keeps an event whole when its read's memory is used again", () => {
    const read = encode("data: 1\n");
    const splitter = new SseSplitter();
    splitter.push(read);
    read.fill(0);
    expect(splitter.push(encode("\n")).map(({ data }) => data)).toEqual(["1"]);
  });

  test("does not write over an event that it gave", () => {
    const splitter = new SseSplitter();
    splitter.push(encode("data: 1"));
    const [first] = splitter.push(encode("\n\n"));
    splitter.push(encode("data: 2"));
    splitter.push(encode("\n\n"));
    expect(new TextDecoder().decode(first?.bytes)).toBe("data: 1\n\n");
  });

  test("takes an event of the largest size and no larger one", () => {
    const largest = `data: ${"x".repeat(64 - "data: \n\n".length)}\n\n`;
    expect(split(largest, largest)).toHaveLength(2);
    expect(split(...largest)).toHaveLength(1);
    expect(() => split(`x${largest}`)).toThrow(ResponseTooLarge);
    expect(() => split(...`x${largest}`)).toThrow(ResponseTooLarge);
    expect(() => split("x".repeat(65))).toThrow(ResponseTooLarge);
  });

  test("puts an event of a megabyte together out of many reads", () => {
    const splitter = new SseSplitter();
    const read = encode("x".repeat(1024));
    splitter.push(encode("data: "));
    for (let count = 0; count < 1024; count++) expect(splitter.push(read)).toEqual([]);
    const [event] = splitter.push(encode("\n\n"));
    expect([event?.plain, event?.data.length]).toEqual([true, 1024 * 1024]);
  });
});
