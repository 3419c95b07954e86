import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type postgres from "postgres";
import type { EmbeddedPostgres } from "../../src/store/embedded/embedded.ts";
import { SessionQueue } from "../../src/store/embedded/session-queue.ts";
import { fakeSession, message, query } from "../support/embedded-fake-session.ts";
import { EmbeddedFixture } from "../support/embedded-fixture.ts";

const fixture = new EmbeddedFixture();
let database: EmbeddedPostgres;

beforeAll(async () => {
  database = await fixture.start(fixture.directory());
});
afterEach(() => fixture.disconnect());
afterAll(() => fixture.clean());

describe("one session, several connections", () => {
  test("a refused statement leaves the connection and the next statement well", async () => {
    const sql = fixture.client(database);
    for (let i = 0; i < 3; i += 1) {
      await expect(sql`select * from nowhere`.execute()).rejects.toThrow("nowhere");
      expect(await sql`select ${i}::int as i`).toMatchObject([{ i }]);
    }
  });

  test("never mixes transactions or prepared statements of two clients", async () => {
    const first = fixture.client(database);
    const clients = [first, fixture.client(database), fixture.client(database)];
    await first`create table marks (who int, n int)`;
    await Promise.all(clients.map((sql, who) => mixOfWork(sql, who)));
    const counts = await first`select who, count(*)::int as n from marks group by who order by who`;
    expect(counts).toMatchObject([0, 1, 2].map((who) => ({ who, n: 20 })));
  }, 20_000);

  test("a client that dies inside a transaction gives the session back, whatever moment it dies at", async () => {
    const sql = fixture.client(database);
    await sql`create table orphans (n int)`;
    for (let delayMs = 0; delayMs < 12; delayMs += 1) {
      const socket = connect(database.postgresOptions.path);
      socket.write(Buffer.concat([startup(), query("begin"), query("insert into orphans values (1)")]));
      await Bun.sleep(delayMs / 2);
      socket.destroy();
      expect(await sql`select count(*)::int as n from orphans`).toMatchObject([{ n: 0 }]);
    }
  });

  test("what does not speak the protocol harms nobody", async () => {
    const sql = fixture.client(database);
    const http = Buffer.from("GET / HTTP/1.1\r\n\r\n");
    const zeroes = Buffer.alloc(64);
    const emptyQuery = Buffer.from([0x51, 0, 0, 0, 0]);
    const negativeLength = Buffer.from([0x51, 0xff, 0xff, 0xff, 0, 1, 2, 3]);
    const shortStartup = Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]);
    const badStartup = Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 1]);
    for (const bytes of [http, zeroes, emptyQuery, negativeLength, shortStartup, badStartup]) {
      const socket = connect(database.postgresOptions.path);
      socket.on("error", () => {});
      socket.write(bytes);
      await Bun.sleep(20);
      expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
      socket.destroy();
    }
  });

  test("settings and temporary tables go with the last connection", async () => {
    const first = fixture.client(database);
    await first`set search_path = pg_catalog`;
    await first`create temporary table leftover (n int)`;
    await first.end();
    const second = fixture.client(database);
    expect(await second`show search_path`).toMatchObject([{ search_path: "public" }]);
    await expect(second`select * from leftover`.execute()).rejects.toThrow("leftover");
  });

  test("a message of twenty megabytes arrives whole", async () => {
    const sql = fixture.client(database);
    const text = "x".repeat(20_000_000);
    expect(await sql`select length(${text}::text) as n`).toMatchObject([{ n: text.length }]);
  });
});

describe("session queue", () => {
  test("goes on with the others when the session throws at one", async () => {
    const queue = new SessionQueue(fakeSession(["fail"]));
    const failing = queue.enqueue(1, message("fail"), () => {});
    const following = queue.enqueue(2, message("fine"), () => {});
    await expect(failing).rejects.toThrow("fail");
    queue.clearQueueForHandler(1);
    await queue.clearTransactionIfNeeded(1);
    expect(await following).toBeGreaterThan(0);
  });

  test("refuses what a closed connection still had waiting", async () => {
    const queue = new SessionQueue(fakeSession([]));
    const running = queue.enqueue(1, message("one"), () => {});
    const waiting = queue.enqueue(2, message("two"), () => {});
    queue.clearQueueForHandler(2);
    await expect(waiting).rejects.toThrow("closed");
    await running;
  });

  test("drops the terminate message, which would end the session for all", async () => {
    const queue = new SessionQueue(fakeSession([""]));
    expect(await queue.enqueue(1, message("X"), () => {})).toBe(0);
  });
});

async function mixOfWork(sql: postgres.Sql, who: number): Promise<void> {
  for (let i = 0; i < 40; i += 1) {
    const [row] = await sql<{ i: number; w: number }[]>`select ${i}::int as i, ${who}::int as w`;
    expect(row).toEqual({ i, w: who });
    const rolledBack = sql.begin(async (transaction) => {
      await transaction`insert into marks values (${who}, ${i})`;
      await transaction.unsafe(`select ${i}`);
      if (i % 2 === 1) throw new Error("undo");
    });
    if (i % 2 === 1) await expect(rolledBack).rejects.toThrow("undo");
    else await rolledBack;
  }
}

function startup(): Buffer {
  const body = "user\0postgres\0database\0postgres\0\0";
  const packet = Buffer.alloc(8 + body.length);
  packet.writeInt32BE(packet.length, 0);
  packet.writeInt32BE(196608, 4);
  packet.write(body, 8, "latin1");
  return packet;
}
