/** What the file below is about, so that tests can look for it where it must not be. */
export const KEYWORD = "blue heron";
export const MAIL = ["jane.roe", "mail.example.org"].join("@");

/** A sound policy file with tests that exercise all of it, and nothing in it to warn of. */
export const POLICY = `apiVersion: policy-mesh/v1
name: regulated
version: 3
providers:
  local:
    kind: ollama
    zone: local
    base_url: http://127.0.0.1:11434
    default_model: llama3.1
  cloud:
    kind: openai
    zone: cloud
    base_url: https://api.example.com/v1
    api_key: \${CLOUD_KEY}
    default_model: gpt-4o-mini
signals:
  project:
    keywords: [${KEYWORD}]
  personal:
    groups: [pii]
constraints:
  - id: keep-project
    when: { signal: [project, personal] }
    forbid: { zones_except: [local] }
    reason: sensitive
rules:
  - id: short
    when: { prompt_chars: { at_most: 100 } }
    route: [local, cloud]
    reason: short
  - id: streamed
    when: { stream: true }
    route: [cloud, local]
    reason: streamed
default:
  route: [cloud]
  reason: default
tests:
  - name: the project stays here
    given: { text: "About the ${KEYWORD}." }
    expect: { route: [local], constraints: [keep-project] }
  - name: mail addresses stay here
    given: { text: "Mail ${MAIL}." }
    expect: { route: [local], rule: short }
  - name: short
    given: { prompt_chars: 100 }
    expect: { route: [local, cloud] }
  - name: a stream
    given: { prompt_chars: 101, stream: true }
    expect: { route: [cloud, local] }
  - name: long
    given: { prompt_chars: 101 }
    expect: { route: [cloud], reason: default }
`;

/** The body of a chat completion that leaves the model to policy. */
export const chat = (content: string, more: object = {}) =>
  JSON.stringify({ model: "auto", messages: [{ role: "user", content }], ...more });
