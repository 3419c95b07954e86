import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lintMigration } from "../support/migration-lint.ts";
import { MIGRATIONS_DIR } from "../support/postgres-dump.ts";
import { statementsOf } from "../support/sql-statements.ts";

const NAME = "20260101120000_change_things.sql";
const file = (up: string, down = "drop table t;", options = "") =>
  `-- migrate:up${options}\n${up}\n\n-- migrate:down\n${down}\n`;
const rules = (text: string, name = NAME) => lintMigration(name, text).map((finding) => finding.rule);

const GOOD_TABLE =
  "create table t (id int, constraint t_pkey primary key (id)); comment on table t is 'Things; many.';";

describe("every migration of this repository", () => {
  for (const name of readdirSync(MIGRATIONS_DIR)) {
    test(`${name} has nothing to complain of`, () => {
      expect(lintMigration(name, readFileSync(join(MIGRATIONS_DIR, name), "utf8"))).toEqual([]);
    });
  }

  test("has a version of its own", () => {
    const versions = readdirSync(MIGRATIONS_DIR).map((name) => name.split("_")[0]);
    expect(new Set(versions).size).toBe(versions.length);
  });
});

describe("the linter", () => {
  test("accepts a good migration", () => {
    expect(rules(file(GOOD_TABLE))).toEqual([]);
  });

  test.each([
    "create_things.sql",
    "2026_create_things.sql",
    "20260101120000-create.sql",
    "20260101120000_Create.sql",
    "20260231120000_no_such_day.sql",
    "20260101250000_no_such_hour.sql",
  ])("refuses the file name %s", (name) => {
    expect(rules(file(GOOD_TABLE), name)).toEqual(["file-name"]);
  });

  test.each([
    ["no sections", GOOD_TABLE],
    ["no down", `-- migrate:up\n${GOOD_TABLE}`],
    ["down first", `-- migrate:down\nselect 1;\n-- migrate:up\nselect 1;`],
    ["an empty up", file("-- nothing")],
    ["an empty down", file(GOOD_TABLE, "")],
    ["statements before up", `select 1;\n${file(GOOD_TABLE)}`],
    ["two ups", `${file(GOOD_TABLE)}${file(GOOD_TABLE)}`],
  ])("refuses %s", (_, text) => {
    expect(rules(text)).toEqual(["sections"]);
  });

  const onExisting: [string, string][] = [
    ["semicolon", "update t set a = 1"],
    ["table-comment", "create table t (id int);"],
    ["table-comment", "create table t (id int); comment on table other is 'no';"],
    ["table-comment", "create table t (id int); comment on table t is null;"],
    ["constraint-name", "create table t (id int primary key); comment on table t is 'x';"],
    ["constraint-name", "create table t (id int, check (id > 0)); comment on table t is 'x';"],
    ["constraint-name", "create table t (a int, b int, unique (a, b)); comment on table t is 'x';"],
    ["constraint-name", "create table t (a int references s (id)); comment on table t is 'x';"],
    ["constraint-name", "create table t (a int constraint p check (a > 0) check (a < 9)); comment on table t is 'x';"],
    ["constraint-name", "alter table t add check (a > 0) not valid;"],
    ["drop", "drop table old;"],
    ["drop", "alter table t drop column a;"],
    ["drop", "truncate t;"],
    ["drop", "delete from t;"],
    ["index-lock", "create index i on existing (a);"],
    ["index-lock", "create unique index if not exists i on only existing using btree (a);"],
    ["concurrently", "create index concurrently i on existing (a);"],
    ["not-null", "alter table existing add column a int not null;"],
    ["not-null", "alter table existing add column b int, add a text not null;"],
    ["validate-lock", "alter table existing add constraint c check (a > 0);"],
    ["validate-lock", "alter table existing add constraint c foreign key (a) references s (id);"],
    ["validate-lock", "alter table existing alter column a set not null;"],
    ["rewrite", "alter table existing alter column a type bigint;"],
    ["exclusive-lock", "reindex table existing;"],
    ["exclusive-lock", "vacuum full existing;"],
    ["exclusive-lock", "lock table existing;"],
    ["allow-reason", "-- lint:allow\ndrop table old;"],
  ];
  test.each(onExisting)("says %s of: %s", (rule, up) => {
    expect(rules(file(up))).toEqual([rule]);
  });

  const harmless: [string][] = [
    ["-- lint:allow nobody has written to it since version 2\ndrop table old;"],
    ["alter table existing add column a int not null default 0;"],
    ["alter table existing add column a int;"],
    ["alter table existing add constraint c check (a > 0) not valid;"],
    [`${GOOD_TABLE} create index i on t (id);`],
    [`${GOOD_TABLE} alter table t add constraint c check (id > 0);`],
    ["comment on table existing is 'we drop this; create index on it';"],
    ["create function f() returns int language sql as $body$ select 1; drop table x; $body$;"],
    ["/* drop table x; */ select 1; -- drop table y;"],
  ];
  test.each(harmless)("has nothing against: %s", (up) => {
    expect(rules(file(up))).toEqual([]);
  });

  test("lets an index be built concurrently outside a transaction", () => {
    const up = "create index concurrently i on existing (a);";
    expect(rules(file(up, "drop index i;", " transaction:false"))).toEqual([]);
  });
});

describe("the splitter", () => {
  test("ends no statement inside strings, comments, names and bodies", () => {
    const sql = `select ';', "a;b" -- ;\n, 'it''s;' /* ; */; select $$ ; $$; select $x$ ;$$; $x$`;
    expect(statementsOf(sql).map((statement) => statement.terminated)).toEqual([true, true, false]);
  });
});
