import { describe, expect, test } from "bun:test";
import { err, ok } from "../../src/core/result.ts";
import type { AuditLog, ReceiptAnswer } from "../../src/gateway/deps.ts";
import { fakeApp } from "../support/app.ts";
import { fakeDeps } from "../support/deps.ts";

const ID = "0192d3a4-1111-7222-8333-000000000001";

/** The routes over a log that gives what it is told to, and notes which tiles it was asked for. */
function logApp(log: Partial<AuditLog> = {}) {
  const { audit } = fakeDeps();
  const tiles: (readonly number[])[] = [];
  const tile: AuditLog["tile"] = async (...asked) => {
    tiles.push(asked);
    return ok(new Uint8Array(asked[2] * 32).fill(7));
  };
  const app = fakeApp({ auditLog: { ...audit.log, tile, ...log } });
  return { get: (path: string) => app.send(path), tiles };
}

async function codeOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe("/v1/log/checkpoint", () => {
  test("is the note as it was signed, and not cached", async () => {
    const response = await logApp({ checkpoint: async () => ok("the\nnote\n") }).get("/v1/log/checkpoint");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("the\nnote\n");
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(response.headers.get("x-request-id")).toBeString();
  });

  test("is not there before the first one was signed", async () => {
    expect(await codeOf(await logApp().get("/v1/log/checkpoint"))).toEqual([404, "audit.no_checkpoint"]);
  });
});

describe("/v1/log/tile", () => {
  test.each([
    ["0/000", [0, 0, 256]],
    ["0/000.p/1", [0, 0, 1]],
    ["1/067.p/255", [1, 67, 255]],
    ["2/x001/x234/067", [2, 1_234_067, 256]],
    ["0/x001/x234/067.p/8", [0, 1_234_067, 8]],
  ])("%s is the tile of C2SP tlog-tiles, for ever", async (path, asked) => {
    const { get, tiles } = logApp();
    const response = await get(`/v1/log/tile/${path}`);
    expect(response.status).toBe(200);
    expect(tiles).toEqual([asked]);
    expect(await response.bytes()).toEqual(new Uint8Array((asked[2] ?? 0) * 32).fill(7));
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("cache-control")).toContain("immutable");
  });

  test.each([
    "0/0",
    "0/0000",
    "00/000",
    "-1/000",
    "64/000",
    "0/x000/001",
    "0/001/x067",
    "0/x001",
    "0/000.p/0",
    "0/000.p/256",
    "0/000.p/08",
    "0/000.p",
    "0/000.p/",
    "0/000.p/8/9",
    "x001/x234/067",
    "entries/000",
    "entries/x001/000.p/3",
    "0/%30%30%30%00",
  ])("%s is none, and nobody is asked for it", async (path) => {
    const { get, tiles } = logApp();
    const response = await get(`/v1/log/tile/${path}`);
    expect(response.headers.get("cache-control")).not.toContain("immutable");
    expect(await codeOf(response)).toEqual([404, "audit.tile_not_found"]);
    expect(tiles).toEqual([]);
  });

  test("one that no checkpoint covers may be there in a moment, and is not remembered as missing", async () => {
    const response = await logApp({ tile: async () => ok(null) }).get("/v1/log/tile/0/000.p/9");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await codeOf(response)).toEqual([404, "audit.tile_not_found"]);
  });
});

test("/v1/log/key names every key, a line each", async () => {
  const response = await logApp({ verifierKeys: async () => ok(["one+1+A", "two+2+B"]) }).get("/v1/log/key");
  expect(await response.text()).toBe("one+1+A\ntwo+2+B\n");
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
});

describe("/v1/audit/{request_id}/receipt", () => {
  const asked = async (answer: ReceiptAnswer) =>
    await logApp({ receipt: async () => ok(answer) }).get(`/v1/audit/${ID}/receipt`);

  test("is the receipt, for nobody else to keep", async () => {
    const response = await asked({ kind: "receipt", text: "c2sp.org/tlog-proof@v1\n" });
    expect([response.status, await response.text()]).toEqual([200, "c2sp.org/tlog-proof@v1\n"]);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("comes later where no checkpoint covers the row yet", async () => {
    const response = await asked({ kind: "pending" });
    expect(response.status).toBe(202);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ request_id: ID, status: "pending" });
  });

  test.each([
    [{ kind: "absent" }, 404, "audit.not_found"],
    [{ kind: "erased" }, 410, "audit.erased"],
    [{ kind: "unlogged" }, 404, "audit.not_in_log"],
  ] as const)("of what is %p is none", async (answer, status, code) => {
    expect(await codeOf(await asked(answer))).toEqual([status, code]);
  });

  test("takes only the id of a request", async () => {
    expect(await codeOf(await logApp().get("/v1/audit/1/receipt"))).toEqual([400, "request.invalid_field"]);
  });
});

test.each(["/v1/log/checkpoint", "/v1/log/key", "/v1/log/tile/0/000", `/v1/audit/${ID}/receipt`])(
  "%s says when the log cannot be read, and not why",
  async (path) => {
    const fail = async () => err({ message: "canary" });
    const { get } = logApp({ checkpoint: fail, verifierKeys: fail, tile: fail, receipt: fail });
    const response = await get(path);
    expect(await response.clone().text()).not.toContain("canary");
    expect(await codeOf(response)).toEqual([503, "audit.unavailable"]);
  },
);
