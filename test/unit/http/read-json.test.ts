import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Refusal } from "../../../src/http/problem.ts";
import { type ReadOptions, readJson, safeName, toFieldName } from "../../../src/http/read-json.ts";

const MAX_BYTES = 1_000;
const MAX_DEPTH = 64;

type Body = NonNullable<RequestInit["body"]>;

function post(body: Body, headers: Record<string, string> = {}): Request {
  return new Request("http://gateway/", {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

const read = (body: Body, maxBytes = MAX_BYTES) => readJson(post(body), { maxBytes });

/** The refusal that a request ends with; whatever else it ends with is thrown. */
async function refusalOf(request: Request, options: Partial<ReadOptions> = {}): Promise<Refusal> {
  try {
    await readJson(request, { maxBytes: MAX_BYTES, ...options });
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown;
    throw thrown;
  }
  throw new Error("it was not refused");
}

const codeOf = async (body: Body) => (await refusalOf(post(body))).code;

const arrays = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const inTurn = (depth: number) =>
  `${'{"a":'.repeat(depth % 2)}${'[{"a":'.repeat(depth / 2)}1${"}]".repeat(depth / 2)}${"}".repeat(depth % 2)}`;

describe("depth", () => {
  test.each([
    ["arrays", arrays],
    ["objects", objects],
    ["both in turn", inTurn],
  ])("of %s is read to its limit, and one more is refused", async (_name, textOf) => {
    expect(JSON.stringify(await read(textOf(MAX_DEPTH)))).toBe(textOf(MAX_DEPTH));
    expect(await codeOf(textOf(MAX_DEPTH + 1))).toBe("request.too_deep");
  });

  test("goes down again where something is closed", async () => {
    const siblings = `[${Array(MAX_DEPTH * 2)
      .fill("[]")
      .join(",")},${Array(MAX_DEPTH * 2)
      .fill("{}")
      .join(",")}]`;
    expect(await read(siblings)).toBeArrayOfSize(MAX_DEPTH * 4);
  });

  test.each([
    ["a string", '"<>"'],
    ["a string after an escaped quote", '"\\"<>"'],
    ["a string after an escaped backslash", '"\\\\<>"'],
    ["a string after an escaped backslash and an escaped quote", '"\\\\\\"<>"'],
    ["a string after a string that ends in an escaped backslash", '["\\\\","<>"]'],
    ["a string after a string that is an escaped quote", '["\\"","<>"]'],
    ["a string after a unicode escape of a quote", '"\\u0022<>"'],
    ["the name of a field", '{"<>":1}'],
  ])("does not count brackets inside %s", async (_name, pattern) => {
    for (const brackets of ["[".repeat(100), "{".repeat(100), "]}".repeat(50)]) {
      const text = pattern.replace("<>", brackets);
      expect(await read(text)).toEqual(JSON.parse(text));
    }
  });

  test.each([
    ["a string that ends in an escaped backslash", '["\\\\",'],
    ["a string that is an escaped quote", '["\\"",'],
    ["a string full of closing brackets", `["${"]".repeat(100)}",`],
    ["an empty string", '["",'],
  ])("counts brackets after %s", async (_name, before) => {
    expect(await read(`${before}${arrays(MAX_DEPTH - 1)}]`)).toBeArrayOfSize(2);
    expect(await codeOf(`${before}${arrays(MAX_DEPTH)}]`)).toBe("request.too_deep");
  });
});

describe("size", () => {
  /** A body that says whether anybody asked for any of it. */
  function watched(text: string) {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls++;
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return { body, pulls: () => pulls };
  }

  test("that is announced as too large is refused with nothing of it read", async () => {
    const { body, pulls } = watched("{}");
    const refusal = await refusalOf(post(body, { "content-length": `${MAX_BYTES + 1}` }));
    expect(refusal.code).toBe("request.body_too_large");
    expect(refusal.headers).toEqual({ connection: "close" });
    expect(pulls()).toBe(0);
  });

  test("of exactly the limit is read, announced or not", async () => {
    const text = `"${"x".repeat(MAX_BYTES - 2)}"`;
    expect(
      await readJson(post(watched(text).body, { "content-length": `${MAX_BYTES}` }), { maxBytes: MAX_BYTES }),
    ).toBeString();
    expect(await read(watched(text).body)).toBeString();
    expect(await codeOf(watched(`${text} `).body)).toBe("request.body_too_large");
  });

  test("counts what came, whatever was announced", async () => {
    const { body } = watched(" ".repeat(MAX_BYTES + 1));
    expect((await refusalOf(post(body, { "content-length": "2" }))).code).toBe("request.body_too_large");
  });

  test("counts bytes, not characters", async () => {
    expect(await codeOf(`"${"é".repeat(MAX_BYTES / 2)}"`)).toBe("request.body_too_large");
  });
});

describe("bytes that are not UTF-8", () => {
  test.each([
    ["a byte that no text has", [0xff]],
    ["a character cut short", [0xc3]],
    ["a character in a longer form than its own", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a code point beyond the last", [0xf4, 0x90, 0x80, 0x80]],
  ])("are refused, such as %s", async (_name, bytes) => {
    expect(await codeOf(new Uint8Array([0x22, ...bytes, 0x22]))).toBe("request.invalid_json");
  });

  test("are not seen in a character that comes in two pieces", async () => {
    const pieces = [
      [0x22, 0xc3],
      [0xa9, 0x22],
    ].map((bytes) => new Uint8Array(bytes));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    });
    expect(await read(body)).toBe("é");
  });
});

describe("an upload that is cut", () => {
  test.each([
    ["in the middle of a value", '{"messages":['],
    ["after what would have been a whole value", '{"messages":[]}'],
  ])("%s is no value", async (_name, sent) => {
    const gone = new DOMException("The connection was closed.", "AbortError");
    const chunks = [new TextEncoder().encode(sent)];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.error(gone);
        else controller.enqueue(chunk);
      },
    });
    expect(await codeOf(body)).toBe("request.aborted");
  });

  test.each([
    ["content-length: 100", '{"a":1}'],
    ["transfer-encoding: chunked", '7\r\n{"a":1}\r\n'],
  ])("on a real connection with %s is no value either", async (header, sent) => {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<unknown>();
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        started.resolve();
        await refusalOf(request).then(({ code }) => ended.resolve(code), ended.resolve);
        return new Response();
      },
    });
    try {
      const client = await Bun.connect({ hostname: "127.0.0.1", port: server.port ?? 0, socket: { data() {} } });
      client.write(`POST / HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n${header}\r\n\r\n${sent}`);
      client.flush();
      await started.promise;
      client.end();
      expect(await ended.promise).toBe("request.aborted");
    } finally {
      await server.stop(true);
    }
  });
});

describe("whatever is sent", () => {
  test("a value of bounded depth is read as it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 10, stringUnit: "binary" }), async (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(await read(text, 1_000_000))).toBe(text);
      }),
    );
  });

  test("a value is read as it was, in however many pieces it comes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue({ stringUnit: "binary" }),
        fc.array(fc.integer({ min: 1, max: 7 })),
        async (value, sizes) => {
          const text = JSON.stringify(value);
          let rest = new TextEncoder().encode(text);
          const body = new ReadableStream<Uint8Array>({
            pull(controller) {
              const size = sizes.shift() ?? rest.length;
              if (rest.length > 0) controller.enqueue(rest.subarray(0, size));
              rest = rest.subarray(size);
              if (rest.length === 0) controller.close();
            },
          });
          expect(JSON.stringify(await read(body, 1_000_000))).toBe(text);
        },
      ),
    );
  });

  async function endsCleanly(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const outcome = await read(body).catch((thrown: unknown) => thrown);
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(Refusal);
    else expect(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body))).toEqual(outcome);
  }

  test("bytes of any kind are a value or a refusal, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: MAX_BYTES + 10 }), (bytes) => endsCleanly(new Uint8Array(bytes))),
    );
  });

  test("so is text made of the pieces that JSON is made of", async () => {
    const pieces = [
      ...'[]{}:,"\\ u019e-+.\u0000é👋',
      "true",
      "null",
      "\\u",
      "\\ud83d",
      "\\udc4b",
      '"a":',
      '\\"',
      "\\\\",
    ];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 200 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(text, (given) => endsCleanly(new Uint8Array(Buffer.from(given)))),
      { numRuns: 500 },
    );
  });

  test("no lone surrogate gets through, however deep it lies and whichever half it is", async () => {
    const half = fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => `\\u${unit.toString(16)}`);
    const depth = fc.integer({ min: 0, max: MAX_DEPTH - 1 });
    await fc.assert(
      fc.asyncProperty(half, depth, fc.boolean(), async (lone, around, asKey) => {
        const inner = asKey ? `{"a${lone}":1}` : `"a${lone}"`;
        expect(await codeOf(`${"[".repeat(around)}${inner}${"]".repeat(around)}`)).toBe("request.invalid_unicode");
      }),
    );
  });
});

describe("the content type", () => {
  const request = (headers: Record<string, string>) =>
    new Request("http://gateway/", { method: "POST", body: new Blob(['{"a":1}']), headers });
  const accepted = (headers: Record<string, string>, anyType: boolean) =>
    readJson(request(headers), { maxBytes: MAX_BYTES, anyType });

  const OTHERS: readonly Record<string, string>[] = [
    {},
    { "content-type": "text/plain" },
    { "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "application/json; charset=latin1" },
    { "content-type": "application/jsonx" },
  ];

  test.each([
    "application/json",
    "APPLICATION/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
  ])("%s is read", async (contentType) => {
    expect(await accepted({ "content-type": contentType }, false)).toEqual({ a: 1 });
  });

  test.each(OTHERS)("%j is refused where it counts", async (headers) => {
    const { code, field } = await refusalOf(request(headers));
    expect([code, field]).toEqual(["request.unsupported_media_type", "content-type"]);
  });

  test.each(OTHERS)("%j is read where any will do", async (headers) => {
    expect(await accepted(headers, true)).toEqual({ a: 1 });
  });

  test.each(OTHERS)("%j is refused of a web page all the same, since no browser would ask first", async (headers) => {
    for (const origin of ["http://evil.example", "null", ""]) {
      const refusal = await refusalOf(request({ ...headers, origin }), { anyType: true });
      expect([refusal.code, refusal.field]).toEqual(["request.unsupported_media_type", "content-type"]);
    }
  });

  test("application/json of a web page is read, since the browser asked first", async () => {
    expect(await accepted({ "content-type": "application/json", origin: "http://a.example" }, true)).toEqual({ a: 1 });
  });

  test.each([true, false])("says nothing of an encoding, which is refused (any type: %p)", async (anyType) => {
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const { code, field } = await refusalOf(request(headers), { anyType });
    expect([code, field]).toEqual(["request.unsupported_media_type", "content-encoding"]);
    expect(await accepted({ "content-type": "application/json", "content-encoding": "Identity" }, anyType)).toEqual({
      a: 1,
    });
  });
});

describe("the name of a field", () => {
  test.each([
    ["", "body"],
    ["/messages", "messages"],
    ["/messages/0/content", "messages[0].content"],
    ["/messages/0/content/12/image_url/url", "messages[0].content[12].image_url.url"],
    ["/0/1", "[0][1]"],
  ])("at %j is %s", (pointer, name) => {
    expect(toFieldName(pointer)).toBe(name);
  });

  test.each(["a", "tool_choice", "x2", "maxTokens", `a${"b".repeat(39)}`])("%s is repeated", (name) => {
    expect(safeName(name)).toBe(name);
  });

  test.each(["", "A", "2x", "my secret", "sécret", "__proto__", "a-b", `a${"b".repeat(40)}`, "a\nb"])(
    "%j is not, since it could be content",
    (name) => {
      expect(safeName(name)).toBeNull();
    },
  );

  test("of a lone surrogate is told, and a name that could be content is not", async () => {
    const { field, message } = await refusalOf(post('{"my secret":{"x":"\\ud800"}}'));
    expect(field).toBe("*.x");
    expect(message).not.toContain("secret");
  });

  test.each(["1e999", "-1e999"])("of the number %s is told, since it could not be written again", async (number) => {
    const { field, code } = await refusalOf(post(`{"a":[0,{"b":${number}}]}`));
    expect([code, field]).toEqual(["request.invalid_field", "a[1].b"]);
  });

  test.each(["9007199254740993", "-12345678901234567890", "1234567890123456789"])(
    "of the number %s is told, since it would lose digits",
    async (number) => {
      const { field, code } = await refusalOf(post(`{"seed":1,"a":[0,{"b":${number}}]}`));
      expect([code, field]).toEqual(["request.invalid_field", "a[1].b"]);
    },
  );

  test.each([
    "9007199254740991",
    "-9007199254740991",
    "1e300",
    "1.7976931348623157e308",
    "0.12345678901234567890",
    "-0",
  ])("of the number %s is not", async (number) => {
    expect(await readJson(post(`{"a":${number},"b":"1234567890123456789"}`), { maxBytes: 1_000 })).toEqual({
      a: Number(number),
      b: "1234567890123456789",
    });
  });
});
