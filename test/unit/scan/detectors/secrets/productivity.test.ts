import { describe, expect, test } from "bun:test";
import { PRODUCTIVITY_SECRETS } from "../../../../../src/scan/detectors/secrets/productivity.ts";
import { WORKPLACE_SECRETS } from "../../../../../src/scan/detectors/secrets/workplace.ts";
import { alnum, codesIn, DIGIT, digits, draw, hex, LOWER, UPPER, uuid } from "./vendors.ts";

const codes = (text: string): string[] => codesIn([...PRODUCTIVITY_SECRETS, ...WORKPLACE_SECRETS], text);

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["notion_token", `ntn_${digits(11)}${alnum(35)}`],
  ["notion_legacy_token", `secret_${alnum(43)}`],
  ["airtable_token", `pat${alnum(14)}.${hex(64)}`],
  ["airtable_api_key", `AIRTABLE_API_KEY=key${alnum(14)}`],
  ["asana_token", `asana_token: "1/${digits(16)}:${hex(32)}"`],
  ["trello_token", `ATTA${hex(64)}${hex(8).toUpperCase()}`],
  ["linear_api_key", `lin_api_${alnum(40)}`],
  ["figma_token", `figd_${alnum(40)}`],
  ["clickup_token", `pk_${digits(8)}_${draw(UPPER + DIGIT, 32)}`],
  ["typeform_token", `tfp_${alnum(44)}_${alnum(14)}`],
  ["hubspot_token", `pat-na1-${uuid()}`],
  ["hubspot_key", `?hapikey=${uuid()}`.replace("?", "hubspot.key ")],
  ["salesforce_session_id", `00D${alnum(12)}!AQ${alnum(94)}`],
  ["frameio_token", `fio-u-${alnum(64)}`],
  ["postman_api_key", `PMAK-${hex(24)}-${hex(34)}`],
  ["readme_api_key", `rdme_${draw(LOWER + DIGIT, 70)}`],
  ["calcom_api_key", `cal_live_${hex(32)}`],
  ["wakatime_api_key", `waka_${uuid()}`],
  ["teamwork_token", `tkn.v1_${alnum(71)}=`],
  ["deepl_api_key", `DeepL-Auth-Key ${uuid()}:fx`],
  ["zendesk_token", `ZENDESK_API_TOKEN=${alnum(40)}`],
  ["pipedrive_token", `pipedrive_api_token=${hex(40)}`],
  ["beamer_api_key", `beamerApiKey = "b_${alnum(44)}"`],
  ["adobe_client_secret", `p8e-${alnum(32)}`],
];

describe("secrets of work places", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test.each([
    ["Notion's prefix with digits alone", `ntn_${digits(46)}`],
    ["a name in a program", "secret_thisIsTheNameOfAVariableWhichIsVeryLongX and patchset.with.dots"],
    ["words that begin with a prefix", "patterns.md, pattern.test, pk_1_NAME, figd_my-token"],
    ["an id beside no vendor's name", `team ${uuid()} deeply:fx`],
    ["a commit beside a vendor's name", `zendesk/samson at ${hex(40)}`],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
