import { elementsOf, type Statement, statementsOf } from "./sql-statements.ts";

export type Finding = { readonly rule: string; readonly message: string };
type Check = (statement: Statement, created: ReadonlySet<string>) => Finding[];

/**
 * What a reviewer would say of a migration every time. A statement that has to break a rule of locking or of loss says
 * so in a comment of its own: `-- lint:allow <why it is safe>`.
 */
export function lintMigration(name: string, text: string): Finding[] {
  const sections = sectionsOf(text);
  if (sections === null) return [...fileName(name), found("sections", "needs one migrate:up, then one migrate:down")];
  const up = statementsOf(sections.up);
  const down = statementsOf(sections.down);
  const created = new Set(up.flatMap((statement) => matchName(statement.code, CREATE_TABLE)));
  return [
    ...fileName(name),
    ...(up.length === 0 ? [found("sections", "migrate:up is empty")] : []),
    ...(down.length === 0 ? [found("sections", "migrate:down is empty")] : []),
    ...[...up, ...down].flatMap(semicolon),
    ...tableComments(up, created),
    ...up.flatMap((statement) => unnamedConstraints(statement)),
    ...up.flatMap((statement) => unlessAllowed(statement, created)),
    ...concurrentInTransaction(up, sections.upOptions),
  ];
}

const CREATE_TABLE = /^create (?:unlogged )?table (?:if not exists )?([\w.]+)/;
const ALTER_TABLE = /^alter table (?:if exists )?(?:only )?([\w.]+) (.*)$/;
const CREATE_INDEX = /^create (?:unique )?index (concurrently )?.*? on (?:only )?([\w.]+)/;
const ALLOW = /--\s*lint:allow\b[ :]*(.*)/;
const SHORTEST_REASON = 10;

function found(rule: string, message: string): Finding {
  return { rule, message };
}

function fileName(name: string): Finding[] {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})_[a-z0-9]+(?:_[a-z0-9]+)*\.sql$/.exec(name);
  if (match === null) return [found("file-name", `${name} is not <yyyymmddhhmmss>_<words_with_underscores>.sql`)];
  const [, year, month, day, hour, minute, second] = match;
  const time = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const exists = !Number.isNaN(Date.parse(time)) && new Date(time).toISOString() === time;
  return exists ? [] : [found("file-name", `${name} begins with a moment that does not exist`)];
}

function sectionsOf(text: string): { up: string; upOptions: string; down: string } | null {
  const parts = text.split(/^--\s*migrate:(up|down)\b(.*)$/m);
  const [before, first, upOptions = "", up = "", second, , down = ""] = parts;
  const inOrder = parts.length === 7 && first === "up" && second === "down";
  return inOrder && statementsOf(before ?? "").length === 0 ? { up, upOptions, down } : null;
}

function semicolon(statement: Statement): Finding[] {
  return statement.terminated ? [] : [found("semicolon", `no semicolon after: ${statement.code.slice(0, 60)}`)];
}

function tableComments(up: readonly Statement[], created: ReadonlySet<string>): Finding[] {
  const commented = new Set(up.flatMap((statement) => matchName(statement.code, /^comment on table ([\w.]+) is ''/)));
  const bare = [...created].filter((table) => !commented.has(table));
  return bare.map((table) => found("table-comment", `${table} has no comment on table`));
}

/** A constraint that PostgreSQL named cannot be told apart in a log, nor dropped by a later migration with certainty. */
function unnamedConstraints(statement: Statement): Finding[] {
  const body = CREATE_TABLE.test(statement.code)
    ? /\((.*)\)/.exec(statement.code)?.[1]
    : ALTER_TABLE.exec(statement.code)?.[2];
  return elementsOf(body ?? "").flatMap((element) => {
    const kinds: readonly string[] =
      element.match(/\bcheck\s*\(|\bprimary key\b|\bunique\b|\bexclude\b|\bforeign key\b|\breferences\b/g) ?? [];
    const foreignKeyTwice = kinds.includes("foreign key") ? 1 : 0;
    const names = element.match(/\bconstraint \w+/g) ?? [];
    const unnamed = kinds.length - foreignKeyTwice > names.length;
    return unnamed ? [found("constraint-name", `a constraint without a name: ${element.slice(0, 60)}`)] : [];
  });
}

function unlessAllowed(statement: Statement, created: ReadonlySet<string>): Finding[] {
  const allowed = ALLOW.exec(statement.text);
  if (allowed === null) return RISKS.flatMap((check) => check(statement, created));
  const reason = (allowed[1] ?? "").trim();
  return reason.length >= SHORTEST_REASON ? [] : [found("allow-reason", "lint:allow without a reason")];
}

const losesData: Check = ({ code }) =>
  /\bdrop\b|^truncate\b|^delete\b/.test(code) ? [found("drop", `loses what is there: ${code.slice(0, 60)}`)] : [];

const blockingIndex: Check = ({ code }, created) => {
  const match = CREATE_INDEX.exec(code);
  if (match === null || match[1] !== undefined || created.has(match[2] ?? "")) return [];
  return [found("index-lock", `stops writes to ${match[2]}: create index concurrently`)];
};

const blockingAlter: Check = ({ code }, created) => {
  const match = ALTER_TABLE.exec(code);
  if (match === null || created.has(match[1] ?? "")) return [];
  return elementsOf(match[2] ?? "").flatMap((action) => alterRisk(action));
};

function alterRisk(action: string): Finding[] {
  const adds = /^add\b/.test(action);
  if (adds && /\bnot null\b/.test(action) && !/\bdefault\b/.test(action) && !/^add constraint\b/.test(action))
    return [found("not-null", `fails on a table with rows: ${action}`)];
  if (adds && /\b(check|foreign key|references)\b/.test(action) && !/\bnot valid\b/.test(action))
    return [found("validate-lock", `checks every row under a lock; add it not valid, validate later: ${action}`)];
  if (/\bset not null\b/.test(action)) return [found("validate-lock", `reads every row under a lock: ${action}`)];
  if (/^alter (column )?\w+ (set data )?type\b/.test(action))
    return [found("rewrite", `rewrites the table: ${action}`)];
  return [];
}

const exclusiveCommand: Check = ({ code }) =>
  /^(vacuum full|cluster|lock table|reindex (?!.*concurrently))/.test(code)
    ? [found("exclusive-lock", `locks everybody out: ${code.slice(0, 60)}`)]
    : [];

const RISKS: readonly Check[] = [losesData, blockingIndex, blockingAlter, exclusiveCommand];

/** dbmate opens a transaction around a section unless told otherwise, and `concurrently` cannot run in one. */
function concurrentInTransaction(up: readonly Statement[], options: string): Finding[] {
  const concurrent = up.some(({ code }) => /\bindex concurrently\b/.test(code));
  if (!concurrent || options.includes("transaction:false")) return [];
  return [found("concurrently", "create index concurrently needs `-- migrate:up transaction:false`")];
}

function matchName(code: string, pattern: RegExp): string[] {
  const name = pattern.exec(code)?.[1];
  return name === undefined ? [] : [name];
}
