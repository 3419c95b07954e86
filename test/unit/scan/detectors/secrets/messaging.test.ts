import { describe, expect, test } from "bun:test";
import { MESSAGING_SECRETS } from "../../../../../src/scan/detectors/secrets/messaging.ts";
import { REALTIME_SECRETS } from "../../../../../src/scan/detectors/secrets/realtime.ts";
import { ALNUM, alnum, BASE32, codesIn, draw, hex, UPPER, uuid } from "./vendors.ts";

const codes = (text: string): string[] => codesIn([...MESSAGING_SECRETS, ...REALTIME_SECRETS], text);

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["sendgrid_api_key", `SG.${alnum(22)}.${alnum(43)}`],
  ["mailgun_key", `key-${hex(32)}`],
  ["mailgun_api_key", `MAILGUN_API_KEY=${hex(32)}-${hex(8)}-${hex(8)}`],
  ["mailchimp_api_key", `${hex(32)}-us21`],
  ["mandrill_api_key", `md-${alnum(22)}`],
  ["postmark_token", `X-Postmark-Server-Token: ${uuid()}`],
  ["brevo_key", `xkeysib-${hex(64)}-${alnum(16)}`],
  ["twilio_api_key", `SK${hex(32)}`],
  ["twilio_auth_token", `twilio_auth_token: "${hex(32)}"`],
  ["vonage_secret", `VONAGE_API_SECRET=${draw(ALNUM, 14)}4q`],
  ["resend_api_key", `re_${alnum(8)}_${alnum(24)}`],
  ["onesignal_api_key", `os_v2_app_${draw(BASE32, 103)}`],
  ["courier_api_key", `pk_prod_${draw(`${UPPER}0123456789`, 28)}`],
  ["mailersend_token", `mlsn.${hex(64)}`],
  ["klaviyo_private_key", `Klaviyo-API-Key pk_${hex(34)}`],
  ["telnyx_api_key", `KEY0${hex(31).toUpperCase()}_${alnum(22)}`],
  ["fcm_server_key", `AAAA${alnum(7)}:APA91b${alnum(134)}`],
  ["infobip_api_key", `infobip.apiKey = "${hex(32)}-${uuid()}"`],
  ["ably_api_key", `ABLY_API_KEY=${alnum(6)}.${alnum(6)}:${alnum(43)}`],
  ["pubnub_secret_key", `sec-c-${alnum(48)}`],
  ["pusher_secret", `PUSHER_APP_SECRET=${hex(20)}`],
];

describe("secrets of messaging", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test.each([
    ["Twilio's account id, which is public", `TWILIO_ACCOUNT_SID=AC${hex(32)}`],
    ["a custom element", "md-autocomplete-suggestions-container, md-Button-IsRaised2-and-a-long-name"],
    ["a digest beside no vendor's name", `postal mark: ${uuid()} and token ${hex(32)}`],
    ["a region", `${alnum(32)}-us-east-1 and ${hex(40)}-user`],
    ["a key of a list", "key-00000000000000000000000000000000"],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
