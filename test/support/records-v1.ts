import type { IntentRecord, RequestRecord } from "../../src/audit/record.ts";

/**
 * What a gateway of record version 1, which knew no attempts, left on a spool: byte for byte as it wrote them. Changing
 * anything here makes the tests of an upgrade worthless.
 */
export const INTENT_V1 = [
  '{"kind":"request","record_version":1,"request_id":"0192d3a4-1111-7222-8333-000000000011","received_at":17938',
  '80000123000,"surface":"native","streamed":false,"decision":"route","provider":"cloud","zone":"cloud","model"',
  ':"gpt-4o-mini","reason_codes":["default"],"policy_hash":"sha256:82b7010532ca96b44ccb70c50f7e57e970c2a0538f6b',
  '4de3db0145a59c308d54","rule":"default","features":{"surface":"native","task":"chat","stream":false,"message_',
  'count":3,"prompt_chars":812,"prompt_tokens":190,"max_output_tokens":null,"choices":1,"has_tools":false,"has_',
  'images":false,"opaque_content":false,"scan_incomplete":false,"signals":[],"wish":"auto","model":null,"wish_p',
  'rice":null,"requested_provider":null,"offered_by":[],"labels":{"team":"research"}},"shadow":[],"findings":{"',
  'pii.email":2},"scan_ruleset":"1.0.0:0000000000000000000000000000000000000000000000000000000000000000","messa',
  'ge_count":3,"prompt_length":812,"prompt_digest":"hmac-sha256:aaaaaaaaaaaaaaaa:000000000000000000000000000000',
  '0000000000000000000000000000000000"}',
].join("");

/** Of the same request. */
export const RECORD_V1 = [
  '{"answered_model":"gpt-4o-mini","answered_provider":"cloud","answered_zone":"cloud","completed_at":179388000',
  '0135000,"completion_tokens":64,"cost_micros":67,"decision":"route","failure_category":null,"features":{"choi',
  'ces":1,"has_images":false,"has_tools":false,"labels":{"team":"research"},"max_output_tokens":null,"message_c',
  'ount":3,"model":null,"offered_by":[],"opaque_content":false,"prompt_chars":812,"prompt_tokens":190,"requeste',
  'd_provider":null,"scan_incomplete":false,"signals":[],"stream":false,"surface":"native","task":"chat","wish"',
  ':"auto","wish_price":null},"findings":{"pii.email":2},"instance_id":"0192d3a4-aaaa-4bbb-8ccc-dddddddddd01","',
  'instance_seq":1,"kind":"request","latency_ms":12,"message_count":3,"model":"gpt-4o-mini","policy_hash":"sha2',
  '56:82b7010532ca96b44ccb70c50f7e57e970c2a0538f6b4de3db0145a59c308d54","prompt_digest":"hmac-sha256:aaaaaaaaaa',
  'aaaaaa:0000000000000000000000000000000000000000000000000000000000000000","prompt_length":812,"prompt_tokens"',
  ':190,"provider":"cloud","reason_codes":["default"],"received_at":1793880000123000,"record_version":1,"reques',
  't_id":"0192d3a4-1111-7222-8333-000000000011","rule":"default","salt":"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a","sca',
  'n_ruleset":"1.0.0:0000000000000000000000000000000000000000000000000000000000000000","shadow":[],"status":"su',
  'cceeded","streamed":false,"surface":"native","zone":"cloud"}',
].join("");

/** What that gateway made of it, in hex. */
export const LEAF_V1 = "64afaf98df5b9521db0d877b54633236209294e78289702b2e6f6a66ba83894c";
export const CHECKS_V1 = [
  "19f79b3611bf46b411bf46b48dd94d422f99eacd3cc9193960145634147e9acc06c1a1672d2257e53b062d5990f599e3be3d81e57355",
  "c46071cee91419f79b363525fdf495c45bdc4be7a893aad8b76711bf46b4216dfa2e718d309c90f599e385989f78756b75997f643873",
  "8c0187ce764dbd76ac41c5e2070d338284abbe8b11bf46b4",
].join("");

export const intentV1 = (overrides: Partial<IntentRecord> = {}): IntentRecord => ({
  ...JSON.parse(INTENT_V1),
  ...overrides,
});

/** Another request like it. */
export const recordV1 = (overrides: Partial<RequestRecord> = {}): RequestRecord => ({
  ...JSON.parse(RECORD_V1),
  ...overrides,
});
