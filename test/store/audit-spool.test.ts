import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Intent } from "../../src/audit/event.ts";
import type { RequestRecord } from "../../src/audit/record.ts";
import { err, ok, type Result } from "../../src/core/result.ts";
import { createSpooledAudit, recoverSpool } from "../../src/store/audit-spool.ts";
import type { OpenedSpool } from "../../src/store/spool/contract.ts";
import { openSpool } from "../../src/store/spool/spool.ts";
import { intentAt, outcomeOf as outcomeAt } from "../support/audit-requests.ts";

const NOW = new Date("2026-11-22T10:00:00.000Z");
const intentOf = (index: number): Intent => intentAt(`0193a0c0-0000-7000-8000-00000000000${index}`, NOW);
const outcomeOf = (intent: Intent) => outcomeAt(intent, NOW);
const AWAY = err({ message: "away" });

let directory: string;
let opened: OpenedSpool;
const open = async (): Promise<OpenedSpool> => {
  const result = await openSpool({ directory, maxBytes: 16_777_216 });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "policy-mesh-audit-spool-"));
  opened = await open();
});
afterEach(async () => {
  await opened.spool.close();
  rmSync(directory, { recursive: true, force: true });
});

function auditOver(overrides: Partial<Parameters<typeof createSpooledAudit>[0]> = {}) {
  return createSpooledAudit({
    spool: opened.spool,
    mode: "durable",
    ping: async () => ok(undefined),
    shippedThrough: async () => true,
    ...overrides,
  });
}

async function records(): Promise<readonly RequestRecord[]> {
  const read = await opened.spool.read(0, 100);
  if (!read.ok) throw new Error(read.error.message);
  return read.value.map(({ payload }) => JSON.parse(payload.toString()));
}

describe("a request on the spool", () => {
  test("is one record when it has ended, numbered and salted", async () => {
    const audit = auditOver();
    for (const intent of [intentOf(1), intentOf(2)]) {
      expect(await audit.recordIntent(intent)).toEqual(ok(undefined));
      expect(await audit.recordOutcome(outcomeOf(intent))).toEqual(ok(undefined));
    }
    const [first, second] = await records();
    expect(first).toMatchObject({
      kind: "request",
      request_id: intentOf(1).requestId,
      instance_id: opened.spool.instanceId,
      instance_seq: 1,
      status: "succeeded",
      salt: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(second).toMatchObject({ request_id: intentOf(2).requestId, instance_seq: 2 });
    expect(second?.salt).not.toBe(first?.salt);
  });

  test("is pending, with all that was decided, until it has ended", async () => {
    const audit = auditOver();
    const intent = intentOf(1);
    expect(audit.pending(intent.requestId)).toBeNull();
    await audit.recordIntent(intent);
    expect(audit.pending(intent.requestId)).toMatchObject({ ...intent, status: "pending", completedAt: null });
    await audit.recordOutcome(outcomeOf(intent));
    expect(audit.pending(intent.requestId)).toBeNull();
  });

  test("is ended as interrupted by the next process, where its own died, and once", async () => {
    await auditOver().recordIntent(intentOf(1));
    await opened.spool.close();
    opened = await open();
    expect(await recoverSpool(opened, NOW)).toEqual(ok(undefined));
    const [record] = await records();
    expect(record).toMatchObject({
      request_id: intentOf(1).requestId,
      status: "interrupted",
      completed_at: NOW.getTime() * 1_000,
      answered_provider: null,
      latency_ms: null,
    });
    await opened.spool.close();
    opened = await open();
    await recoverSpool(opened, NOW);
    expect(await records()).toHaveLength(1);
  });

  test("is left to the version that wrote it, where its process died before that version was replaced", async () => {
    await auditOver().recordIntent(intentOf(1));
    await opened.spool.appendIntent("later", Buffer.from('{"kind":"request","record_version":3}'));
    await opened.spool.close();
    opened = await open();
    expect(await recoverSpool(opened, NOW)).toMatchObject({ error: { message: expect.stringContaining("version") } });
    await opened.spool.close();
    opened = await open();
    expect(opened.orphans).toHaveLength(2);
  });

  test("is not on record, and neither is its end, where the spool takes nothing", async () => {
    const audit = auditOver();
    await audit.recordIntent(intentOf(1));
    await opened.spool.close();
    expect((await audit.recordIntent(intentOf(2))).ok).toBe(false);
    expect(audit.pending(intentOf(2).requestId)).toBeNull();
    expect((await audit.recordOutcome(outcomeOf(intentOf(1)))).ok).toBe(false);
    opened = await open();
    expect(opened.orphans.map(({ id }) => id)).toEqual([intentOf(1).requestId]);
  });

  test("cannot end without having begun", () => {
    expect(auditOver().recordOutcome(outcomeOf(intentOf(1)))).rejects.toThrow("without its intent");
  });
});

test("what of the spool cannot be read is on record as an action of its own, with the numbers that are missing", async () => {
  const loss = { id: "lost-1", file: "", byteCount: 7, missingSeqs: [1, 2] };
  const { spool } = opened;
  expect((await spool.appendIntent(loss.id, Buffer.from("open until a final ends it"))).ok).toBe(true);
  expect(await recoverSpool({ spool, orphans: [], quarantined: [loss] }, NOW)).toEqual(ok(undefined));
  const [record] = await records();
  expect(record).toMatchObject({
    kind: "quarantine",
    action_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4/),
    performed_at: NOW.getTime() * 1_000,
    details: { reason: "unreadable", byte_count: 7, missing_seqs: [1, 2] },
    instance_id: spool.instanceId,
    instance_seq: 1,
    salt: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

describe("in durable mode", () => {
  test("requests are admitted while the database is away, and nobody asks it", async () => {
    const audit = auditOver({
      ping: () => Promise.reject(new Error("asked")),
      shippedThrough: () => Promise.reject(new Error("asked")),
    });
    expect((await audit.recordIntent(intentOf(1))).ok).toBe(true);
    expect((await audit.recordOutcome(outcomeOf(intentOf(1)))).ok).toBe(true);
  });

  test("the health is that of the spool, and tells of the database", async () => {
    const health = await auditOver({ ping: async () => AWAY }).health();
    expect(health).toMatchObject({ admits: ok(undefined), database: AWAY, databaseRequired: false });
  });

  test("the health does not wait for a database that never answers", async () => {
    const health = await auditOver({ ping: () => new Promise(() => {}) }).health();
    expect(health).toMatchObject({ admits: ok(undefined), databaseRequired: false });
    // Sooner than a probe that has a second.
    expect(health.database).toEqual(err({ message: "the database did not answer within 750 ms" }));
  });
});

describe("in strict mode", () => {
  test("nothing is admitted, and nothing is written, while the database is away", async () => {
    const audit = auditOver({ mode: "strict", ping: async () => AWAY });
    expect(await audit.recordIntent(intentOf(1))).toEqual(AWAY);
    expect(audit.pending(intentOf(1).requestId)).toBeNull();
    expect(await audit.health()).toMatchObject({ admits: AWAY, databaseRequired: true });
    await opened.spool.close();
    opened = await open();
    expect(opened.orphans).toEqual([]);
  });

  test("an end is on record when its row is committed, and not before", async () => {
    const committed = Promise.withResolvers<boolean>();
    const asked: number[] = [];
    const audit = auditOver({
      mode: "strict",
      shippedThrough: (seq) => {
        asked.push(seq);
        return committed.promise;
      },
    });
    await audit.recordIntent(intentOf(1));
    let ended = false;
    const ending = audit.recordOutcome(outcomeOf(intentOf(1))).then((result) => {
      ended = true;
      return result;
    });
    while (asked.length === 0) await Bun.sleep(1);
    expect([ended, asked]).toEqual([false, [1]]);
    committed.resolve(true);
    expect(await ending).toEqual(ok(undefined));
  });

  test("an end that is not committed in time is not on record for its caller", async () => {
    const audit = auditOver({ mode: "strict", shippedThrough: async () => false });
    await audit.recordIntent(intentOf(1));
    expect((await audit.recordOutcome(outcomeOf(intentOf(1)))).ok).toBe(false);
    expect(await records()).toHaveLength(1);
  });

  test("those who come while the database is asked share the next question, none an answer from before they came", async () => {
    const questions: PromiseWithResolvers<Result<void, { readonly message: string }>>[] = [];
    const audit = auditOver({
      mode: "strict",
      ping: () => {
        const question = Promise.withResolvers<Result<void, { readonly message: string }>>();
        questions.push(question);
        return question.promise;
      },
    });
    const first = audit.recordIntent(intentOf(1));
    const later = [audit.recordIntent(intentOf(2)), audit.recordIntent(intentOf(3))];
    expect(questions).toHaveLength(1);
    questions[0]?.resolve(ok(undefined));
    expect((await first).ok).toBe(true);
    expect(questions).toHaveLength(2);
    questions[1]?.resolve(AWAY);
    expect(await Promise.all(later)).toEqual([AWAY, AWAY]);
    expect(questions).toHaveLength(2);
  });

  test("no is an answer for all who wait: a database that does not answer is waited for once", async () => {
    const question = Promise.withResolvers<Result<void, { readonly message: string }>>();
    let asked = 0;
    const audit = auditOver({
      mode: "strict",
      ping: () => {
        asked++;
        return question.promise;
      },
    });
    const all = [1, 2, 3].map((index) => audit.recordIntent(intentOf(index)));
    question.resolve(AWAY);
    expect(await Promise.all(all)).toEqual([AWAY, AWAY, AWAY]);
    expect(asked).toBe(1);
  });
});
