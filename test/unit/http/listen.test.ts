import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { listen } from "../../../src/http/listen.ts";
import { until } from "../../support/until.ts";

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

function open(handle: (request: Request) => Response | Promise<Response>) {
  const told = { onDrainOver: () => {}, onDoors: () => {} };
  const server = listen(handle, { host: "127.0.0.1", port: 0, crowd: null, ...told });
  ending.push(() => server.drain());
  return { url: server.url, port: Number(new URL(server.url).port) };
}

/** What comes for a text that is sent in one go, until the server closes. */
function send(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let came = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (bytes) => {
      came += bytes.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(came));
  });
}

const request = (close: string) => `GET / HTTP/1.1\r\nhost: localhost\r\n${close}\r\n`;

describe("a connection that sends requests in a row", () => {
  test("gets some answered in their order", async () => {
    let count = 0;
    const { port } = open(() => new Response(`answer ${++count};`));
    const came = await send(port, request("").repeat(3) + request("connection: close\r\n"));
    expect([...came.matchAll(/answer \d;/g)].join("")).toBe("answer 1;answer 2;answer 3;answer 4;");
  });

  test("does not have thousands answered before anybody else is", async () => {
    let count = 0;
    const { port, url } = open(() => new Response(String(++count)));
    const flood = send(port, request("").repeat(5_000));
    await flood;
    expect(count).toBeLessThan(100);
    expect((await fetch(url)).status).toBe(200);
  });
});

describe("HEAD", () => {
  test("says what GET would, with the length of the body", async () => {
    const { url } = open(({ method }) => new Response(method === "GET" ? "twelve bytes" : "", { headers: { a: "b" } }));
    const response = await fetch(url, { method: "HEAD" });
    expect([response.headers.get("content-length"), response.headers.get("a")]).toEqual(["12", "b"]);
  });

  test("keeps nothing of a long body, and lets go of it where its caller leaves", async () => {
    const read = Promise.withResolvers<void>();
    let isCancelled = false;
    const { url } = open(() => {
      const body = new ReadableStream({
        async pull(controller) {
          read.resolve();
          await Bun.sleep(1);
          controller.enqueue(new Uint8Array(1_024));
        },
        cancel() {
          isCancelled = true;
        },
      });
      return new Response(body);
    });
    const caller = new AbortController();
    const asked = fetch(url, { method: "HEAD", signal: caller.signal }).catch(() => "left");
    await read.promise;
    caller.abort();
    expect(await asked).toBe("left");
    await until(() => isCancelled, "the body is let go of");
  });
});
