import { checkPolicy, type LoadOptions } from "../../src/policy/check-policy.ts";
import type { Fault } from "../../src/policy/fault.ts";

/** A sound file that has something of everything. */
export const FULL_POLICY = `# Who reads this knows what goes where.
apiVersion: policy-mesh/v1
name: full
version: 3
description: Something of everything.

scan:
  detectors: true
  threshold: medium
  opaque_content: sensitive

labels:
  team: [research, sales]

providers:
  local:
    kind: ollama
    zone: local
    base_url: http://127.0.0.1:11434
    default_model: gemma3:1b
    default_embedding_model: nomic-embed-text
  eu:
    kind: openai
    zone: europe
    base_url: https://llm.example.eu/v1
    api_key: \${EU_API_KEY}
    default_model: mistral-large
  openai:
    kind: openai
    zone: cloud
    base_url: https://api.openai.com/v1
    api_key: \${OPENAI_API_KEY}
    default_model: gpt-5.4-mini
    models:
      gpt-5.4-mini: { context_tokens: 128000, capabilities: [tools] }
      gpt-5.4: {}
    wishes:
      gpt-4o: gpt-5.4

prices:
  openai:
    gpt-5.4: { input: 1250000, output: 10000000 }

signals:
  project:
    keywords: [falcon, "two words"] # words of ours
  personal:
    detectors: [pii.email]
    groups: [secret]
    patterns:
      - { id: customer_number, pattern: 'C-\\d{6}', keywords: [C-], strength: medium }

constraints:
  - id: project-stays
    when: { signal: [project, personal] }
    forbid: { zones_except: [local] }
    reason: project_word
  - id: no-eu-for-sales
    when: { all: [{ labels: { team: sales } }, { not: { stream: true } }] }
    forbid: { providers: [eu], models: [gpt-5.4] }
    reason: sales_only

rules:
  - id: embedding
    when: { task: embedding }
    route: [local]
    reason: embedding_model
  - id: long
    when: { prompt_tokens: { at_least: 4000 }, message_count: { at_most: 20 } }
    route: [openai, eu, local]
    reason: long_prompt
    limits: { max_output_tokens: 2000, max_estimated_cost_micros: 50000 }
    delivery: whole
    attempts: { timeout_seconds: 30, max_targets: 2 }
  - id: never
    when: { any: [{ model: gpt-4o }, { requested_provider: eu }] }
    deny: true
    reason: not_here

default:
  route: [local]
  reason: default

limits: { max_output_tokens: 4000 }

shadow:
  - id: cheaper
    route: [eu]
    reason: cheaper

tests:
  - name: a project word stays
    given: { signals: [project], requested_provider: eu, offered_by: [eu], labels: { team: research } }
    expect: { route: [local], rule: default, reason: project_word, constraints: [project-stays] }
`;

export const ANYWHERE: LoadOptions = { environment: null, knownCodes: new Set(["pii.email", "pii.iban"]) };

/** Errors and warnings of a file; none where it is sound. */
export function faultsOf(text: string, options: LoadOptions = ANYWHERE): readonly Fault[] {
  const checked = checkPolicy(text, options);
  return checked.ok ? checked.value.warnings : checked.error;
}

/** Of one line each: `12:3+7 error unknown_key /signls (did you mean "signals"?)`. */
export function toldOf(text: string, options?: LoadOptions): readonly string[] {
  return faultsOf(text, options).map(({ severity, code, path, position, suggestion }) => {
    const { line, column, length } = position;
    return `${line}:${column}+${length} ${severity} ${code} ${path}${suggestion === null ? "" : ` (${suggestion})`}`;
  });
}

/** The full policy with one place of it written otherwise. */
export function altered(from: string, to: string): string {
  if (FULL_POLICY.split(from).length !== 2) throw new Error("the place to alter is not there once");
  return FULL_POLICY.replace(from, () => to);
}
