import { afterAll, describe, expect, test } from "bun:test";
import { openDatabase } from "../../src/store/database.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { startPostgresProxy } from "../support/postgres-proxy.ts";
import { startPostgresServer } from "../support/postgres-server.ts";

const server = await startPostgresServer();
afterAll(() => server?.stop());

describe.skipIf(server === null)("a connection to a server", () => {
  test("may be lost with its first statement: that fails, nothing else does, and the next one is answered", async () => {
    const rejected: unknown[] = [];
    const note = (reason: unknown) => rejected.push(reason);
    process.on("unhandledRejection", note);
    const proxy = await startPostgresProxy((await server?.createDatabase()) ?? "");
    const options = clientOptions(proxy.url);
    if (options === null) throw new Error("not a PostgreSQL URL");
    const database = openDatabase({ kind: "server", options });
    try {
      const isCut = proxy.cutAfterNextStatement("select");
      const lost = await database.query("select $1::text as one", ["here"]);
      await isCut;
      expect(rejected).toEqual([]);
      expect(lost).toMatchObject({ ok: false, error: { code: null } });
      expect(await database.query("select $1::text as one", ["here"])).toEqual({ ok: true, value: [{ one: "here" }] });
    } finally {
      await database.close();
      await proxy.stop();
      process.off("unhandledRejection", note);
    }
  });
});
