import { describe, expect, test } from "bun:test";
import { SECURITY_SERVICE_SECRETS } from "../../../../../src/scan/detectors/secrets/security-services.ts";
import { alnum, codesIn, hex, uuid } from "./vendors.ts";

const codes = (text: string): string[] => codesIn(SECURITY_SERVICE_SECRETS, text);

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["crowdstrike_secret", `FALCON_CLIENT_SECRET=${alnum(40)}`],
  ["yubico_api_key", `yubico_secret_key = "${alnum(27)}="`],
  ["recaptcha_secret", `RECAPTCHA_SECRET_KEY=6L${alnum(38)}`],
  ["hcaptcha_secret", `hcaptcha_secret: ES_${hex(32)}`],
  ["turnstile_secret", `0x4AAAAAAA${alnum(25)}`],
  ["abuseipdb_api_key", `ABUSEIPDB_API_KEY=${hex(80)}`],
  ["urlscan_api_key", `urlscan.api_key: ${uuid()}`],
  ["otx_api_key", `X-OTX-API-KEY: ${hex(64)}`],
  ["hibp_api_key", `hibp-api-key: ${hex(32)}`],
  ["socket_api_key", `sktsec_${alnum(44)}_api`],
  ["dnsimple_token", `dnsimple_a_${alnum(32)}`],
  ["namecheap_api_key", `NAMECHEAP_API_KEY=${hex(32)}`],
];

describe("secrets of services for security", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test.each([
    ["the site key of reCAPTCHA, which pages show", `RECAPTCHA_SITE_KEY=6L${alnum(38)}`],
    ["the site key of Turnstile, which pages show", `0x4AAAAAAA${alnum(14)}`],
    ["the site key of hCaptcha, which pages show", `hcaptcha sitekey: ${uuid()}`],
    ["a digest beside no vendor's name", `scanned ${hex(64)}`],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
