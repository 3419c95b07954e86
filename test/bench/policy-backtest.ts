/**
 * `bun test/bench/policy-backtest.ts`: how long `policy backtest` takes over many rows of the embedded database, and how
 * much memory.
 *
 *   --rows N       how many rows to fill in first (1000000); that takes longer than the backtest
 *   --data-dir D   where to fill them in, and to find them again the next time; left out, a folder that is removed
 *
 * No two rows have the same features, and some of them are unknown to the new policy.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { recordFeatures } from "../../src/core/recorded-features.ts";
import { compilePolicy } from "../../src/policy/compile.ts";
import type { PolicyDocument } from "../../src/policy/document.ts";
import { storedForm } from "../../src/policy/identity.ts";
import { scanOptionsOf } from "../../src/policy/scan-options.ts";
import { clientOptions } from "../../src/store/migrations/client-options.ts";
import { openStore, type Store } from "../../src/store/open-store.ts";
import { scanFor } from "../support/compiled-scan.ts";
import { gatewayCommand } from "../support/gateway-process.ts";
import { documentOf, featuresOf } from "../support/policy.ts";

const PROMISED_SECONDS_PER_MILLION = 60;
const BATCH = 25_000;

const { values } = parseArgs({
  options: { rows: { type: "string", default: "1000000" }, "data-dir": { type: "string" } },
});
const rows = Number(values.rows);
if (!(rows > 0)) throw new Error("--rows must be a number above 0");

const LONG = 8_000;
const PAST = documentOf({
  rules: [{ id: "long", when: { prompt_tokens: { at_least: LONG } }, route: ["cloud"], reason: "long_context" }],
  constraints: [{ id: "keep", when: { signal: "personal" }, forbid: { zones: ["cloud"] }, reason: "personal_data" }],
  default: { route: ["local", "cloud"], reason: "default" },
});
const NEXT: PolicyDocument = {
  ...PAST,
  version: 2,
  labels: { team: ["blue"] },
  rules: [
    { id: "long", when: { prompt_tokens: { at_least: LONG / 2 } }, route: ["cloud"], reason: "long_context" },
    {
      id: "blue",
      when: { message_count: { at_least: 39 }, labels: { team: "blue" } },
      route: ["cloud"],
      reason: "blue",
    },
  ],
};

const folder = values["data-dir"] ?? mkdtempSync(join(tmpdir(), "policy-mesh-backtest-"));
try {
  const isFilled = existsSync(join(folder, "data"));
  mkdirSync(folder, { recursive: true });
  if (!isFilled) await fill(join(folder, "data"));
  const file = join(folder, "next.json");
  writeFileSync(file, JSON.stringify(NEXT));
  process.exitCode = (await measure(file)) ? 0 : 1;
} finally {
  if (values["data-dir"] === undefined) rmSync(folder, { recursive: true, force: true });
}

async function fill(dataDir: string): Promise<void> {
  const opened = await openStore({ dataDir, databaseUrl: null });
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const startedMs = performance.now();
  const migrated = await store.migrate();
  if (!migrated.ok) throw new Error(migrated.error.message);
  await insertRows(store);
  await store.close();
  process.stdout.write(`${rows} rows filled in within ${seconds(startedMs)} s\n`);
}

async function insertRows(store: Store): Promise<void> {
  const policy = compilePolicy(PAST);
  const { ruleset } = scanFor([], scanOptionsOf(PAST));
  const activated = await store.policies.activate(JSON.parse(JSON.stringify(storedForm(PAST))), policy, new Date());
  if (!activated.ok) throw new Error(activated.error.message);
  const features = JSON.stringify(
    recordFeatures(
      featuresOf({
        surface: "openai_chat",
        wish: "known",
        model: "gpt-4o-mini",
        offeredBy: ["cloud"],
        requestedProvider: "cloud",
      }),
    ),
  );
  const options = clientOptions(store.url);
  if (options === null) throw new Error("the embedded database has no URL");
  const sql = postgres({ ...options, max: 1, onnotice() {} });
  for (let from = 0; from < rows; from += BATCH) {
    const to = Math.min(from + BATCH, rows);
    // Every tenth request is long and every twentieth has personal data, as the policy decided then.
    await sql`
      insert into audit_events (
        request_id, received_at, record_version, completed_at, status, surface, decision, provider, zone, model, reason_codes,
        message_count, prompt_length, prompt_digest, streamed, findings, scan_ruleset, policy_hash, rule, features, shadow,
        prompt_tokens, completion_tokens, latency_ms
      )
      select
        gen_random_uuid(), at, 0, at, 'succeeded', 'openai_chat', 'route', where_to.provider, where_to.provider, 'm',
        array['default'], 1 + i % 40, i, ${`hmac-sha256:k:${"0".repeat(64)}`}, false,
        case when i % 20 = 0 then '{"pii.email": 2}'::jsonb else '{}'::jsonb end, ${ruleset}, ${policy.hash},
        case when i % 10 = 1 then 'long' else 'default' end,
        ${features}::text::jsonb || jsonb_build_object(
          'prompt_chars', i, 'prompt_tokens', case when i % 10 = 1 then ${LONG} else i % ${LONG} end,
          'message_count', 1 + i % 40, 'signals', case when i % 20 = 0 then '["personal"]'::jsonb else '[]'::jsonb end
        ),
        '[]'::jsonb, i % 1000, i % 500, 900
      from generate_series(${from}::integer, ${to - 1}::integer) as i
      cross join lateral (select now() - interval '29 days' + i * interval '1 second' as at) as clock
      cross join lateral (select case when i % 10 = 1 then 'cloud' else 'local' end as provider) as where_to`;
  }
  // As the gateway does from time to time.
  await sql`vacuum (analyze)`;
  await sql.end();
}

async function measure(file: string): Promise<boolean> {
  const startedMs = performance.now();
  const child = Bun.spawn(gatewayCommand("policy", "backtest", file, "--since", "30d", "--json"), {
    env: { PATH: process.env["PATH"] ?? "", DATA_DIR: join(folder, "data") },
    stdout: "pipe",
    stderr: "inherit",
  });
  const [output, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  const tookSeconds = seconds(startedMs);
  if (exitCode !== 0) throw new Error(`the backtest ended with ${exitCode}`);
  const report = JSON.parse(output);
  const { unchanged, changed, unknown } = report;
  const used = child.resourceUsage();
  const maxRssMib = Math.round((used?.maxRSS ?? 0) / 1024 / 1024);
  const cpuSeconds = Math.round(Number(used?.cpuTime.total ?? 0) / 100_000) / 10;
  process.stdout.write(`${report.rows} rows: ${unchanged} unchanged, ${changed} changed, ${unknown} unknown\n`);
  process.stdout.write(`${tookSeconds} s in all, ${cpuSeconds} s of CPU time, ${maxRssMib} MiB at most\n`);
  return (tookSeconds / report.rows) * 1_000_000 < PROMISED_SECONDS_PER_MILLION;
}

function seconds(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) / 100) / 10;
}
