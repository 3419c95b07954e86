import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pglite from "../../node_modules/@electric-sql/pglite/package.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };
import { startEmbedded } from "../../src/store/embedded/embedded.ts";
import templatePath from "../../src/store/embedded/initdb-18.tar.gz" with { type: "file" };
import { POSTGRES_MAJOR, TEMPLATE_VERSION_FILE } from "../../src/store/embedded/template.ts";
import { DatabaseThread } from "../../src/store/embedded/thread.ts";
import { runChild } from "../support/embedded-child.ts";
import { EmbeddedFixture } from "../support/embedded-fixture.ts";

const CRASH_ROUNDS = Number(process.env["EMBEDDED_CRASH_ROUNDS"] ?? 6);
const fixture = new EmbeddedFixture();

afterEach(() => fixture.clean());

describe("start", () => {
  test("a first start unpacks the template instead of running initdb, and answers", async () => {
    const dataDir = fixture.directory();
    const sql = fixture.client(await fixture.start(dataDir));
    const [row] = await sql<{ version: string }[]>`select current_setting('server_version') as version`;
    expect(row?.version.split(".")[0]).toBe(POSTGRES_MAJOR);
    // initdb would not leave this file.
    expect(readdirSync(join(dataDir, "postgres"))).toContain(TEMPLATE_VERSION_FILE);
  });

  test("leaves most descriptors of the process to others", async () => {
    const sql = fixture.client(await fixture.start(fixture.directory()));
    const [row] = await sql<{ count: string }[]>`select current_setting('max_files_per_process') as count`;
    expect(Number(row?.count)).toBeLessThanOrEqual(256);
  });

  test("keeps rows over a clean restart, and takes its socket's file away", async () => {
    const dataDir = fixture.directory();
    const first = await fixture.start(dataDir);
    const sql = fixture.client(first);
    await sql`create table kept (id int)`;
    await sql`insert into kept values (7)`;
    await sql.end();
    await first.close();
    await first.close();
    expect(readdirSync(join(dataDir, "run"))).toEqual([]);
    expect(await fixture.client(await fixture.start(dataDir))`select id from kept`).toMatchObject([{ id: 7 }]);
  });

  test("keeps everything private to its owner", async () => {
    const dataDir = fixture.directory();
    await fixture.start(dataDir);
    for (const part of ["", "run", "postgres"]) expect(statSync(join(dataDir, part)).mode & 0o777).toBe(0o700);
  });

  test("makes a directory private again that an earlier hand had opened", async () => {
    const dataDir = fixture.directory();
    mkdirSync(join(dataDir, "run"), { recursive: true, mode: 0o777 });
    await fixture.start(dataDir);
    expect(statSync(join(dataDir, "run")).mode & 0o777).toBe(0o700);
  });

  test("puts the socket elsewhere, as private, when its path would be too long", async () => {
    const dataDir = join(fixture.directory(), "d".repeat(100));
    const database = await fixture.start(dataDir);
    expect(database.socketDir.startsWith(dataDir)).toBe(false);
    expect(statSync(database.socketDir).mode & 0o777).toBe(0o700);
    expect(await fixture.client(database)`select 1 as one`).toMatchObject([{ one: 1 }]);
    await database.close();
    expect(existsSync(database.socketDir)).toBe(false);
  });

  test("refuses a directory of another PostgreSQL version, and says which", async () => {
    const dataDir = fixture.directory();
    mkdirSync(join(dataDir, "postgres"), { recursive: true });
    writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "17\n");
    const started = await startEmbedded({ dataDir });
    expect(started).toMatchObject({ ok: false, error: { kind: "version" } });
    expect(started.ok ? "" : started.error.message).toContain("PostgreSQL 17");
  });

  test("refuses a directory that holds something else, and leaves it alone", async () => {
    const dataDir = fixture.directory();
    mkdirSync(join(dataDir, "postgres"), { recursive: true });
    writeFileSync(join(dataDir, "postgres", "letter.txt"), "dear");
    expect(await startEmbedded({ dataDir })).toMatchObject({ ok: false, error: { kind: "directory" } });
    expect(readdirSync(join(dataDir, "postgres"))).toEqual(["letter.txt"]);
  });

  test("refuses a directory that PostgreSQL cannot open, in PostgreSQL's words", async () => {
    const dataDir = fixture.directory();
    await (await fixture.start(dataDir)).close();
    rmSync(join(dataDir, "postgres", "global", "pg_control"));
    const started = await startEmbedded({ dataDir });
    expect(started).toMatchObject({ ok: false, error: { kind: "start" } });
    expect(started.ok ? "" : started.error.message).toContain("pg_control");
  });

  test("says so when the data directory cannot be made", async () => {
    const dataDir = fixture.directory();
    writeFileSync(dataDir, "a file");
    expect(await startEmbedded({ dataDir })).toMatchObject({ ok: false, error: { kind: "directory" } });
  });
});

describe("template", () => {
  test("was made by the PGlite that is installed and pinned", async () => {
    const files = await new Bun.Archive(await Bun.file(templatePath).bytes()).files();
    const text = async (name: string) => (await (files.get(name) ?? files.get(`./${name}`))?.text())?.trim();
    expect(await text(TEMPLATE_VERSION_FILE)).toBe(pglite.version);
    expect(await text("PG_VERSION")).toBe(POSTGRES_MAJOR);
    expect(packageJson.dependencies["@electric-sql/pglite"]).toBe(pglite.version);
  });

  test("half unpacked by a start that died is thrown away", async () => {
    const dataDir = fixture.directory();
    const partial = join(dataDir, "postgres.partial");
    mkdirSync(join(partial, "global"), { recursive: true });
    writeFileSync(join(partial, "PG_VERSION"), "18\n");
    writeFileSync(join(partial, "global", "pg_control"), "torn");
    const sql = fixture.client(await fixture.start(dataDir));
    expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
    expect(existsSync(partial)).toBe(false);
  });

  test("a first start killed at any moment does not harm the next", async () => {
    const dataDir = fixture.directory();
    for (const delayMs of [40, 90, 140, 190, 240, 300, 400]) {
      const child = runChild("embedded-writer.ts", [dataDir]);
      await Bun.sleep(delayMs);
      await child.killAndDrain();
      if (existsSync(join(dataDir, "postgres"))) expect(existsSync(join(dataDir, "postgres", "PG_VERSION"))).toBe(true);
    }
    expect(await fixture.client(await fixture.start(dataDir))`select 1 as one`).toMatchObject([{ one: 1 }]);
  });
});

describe("crash", () => {
  test(`kill -9 loses no acknowledged row, ${CRASH_ROUNDS} times over`, async () => {
    const dataDir = fixture.directory();
    const acknowledged = new Set<number>();
    for (let round = 0; round <= CRASH_ROUNDS; round += 1) {
      const child = runChild("embedded-writer.ts", [dataDir]);
      const found = new Set<number>(JSON.parse((await child.nextLine()) ?? "null"));
      const lost = [...acknowledged].filter((id) => !found.has(id));
      expect({ round, lost }).toEqual({ round, lost: [] });
      // At most the one row whose acknowledgement the kill cut off.
      expect(found.size - acknowledged.size).toBeLessThanOrEqual(round);
      // On a slow machine that may take longer than what follows.
      acknowledged.add(Number(await child.nextLine()));
      await Bun.sleep(Math.random() * 300);
      for (const line of await child.killAndDrain()) acknowledged.add(Number(line));
    }
    expect(acknowledged.size).toBeGreaterThan(CRASH_ROUNDS);
  }, 600_000);
});

describe("worker", () => {
  test("that dies says so once, and every later question gets an answer", async () => {
    const thread = new DatabaseThread(new URL("../support/embedded-dying-worker.ts", import.meta.url));
    const start = { type: "start", postgresDir: "", socketPath: "" } as const;
    expect(await thread.ask(start, 5_000)).toEqual({ type: "ready" });
    expect(await thread.ask({ type: "close" }, 5_000)).toMatchObject({ type: "failed", failure: { kind: "worker" } });
    expect((await thread.died).message).toContain("a bug in the worker");
    expect(await thread.ask({ type: "close" }, 5_000)).toMatchObject({ type: "failed" });
  });

  test("that does not answer in time is given up", async () => {
    const silent = URL.createObjectURL(new Blob(["self.onmessage = () => {}"], { type: "text/javascript" }));
    const thread = new DatabaseThread(silent);
    expect(await thread.ask({ type: "close" }, 50)).toMatchObject({ type: "failed", failure: { kind: "worker" } });
    thread.stop();
  });
});
