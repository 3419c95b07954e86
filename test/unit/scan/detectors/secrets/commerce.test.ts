import { describe, expect, test } from "bun:test";
import { COMMERCE_SECRETS } from "../../../../../src/scan/detectors/secrets/commerce.ts";
import { alnum, codesIn, DIGIT, draw, hex, LOWER, uuid } from "./vendors.ts";

const codes = (text: string): string[] => codesIn(COMMERCE_SECRETS, text);

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["shopify_access_token", `shpat_${hex(32)}`],
  ["shopify_shared_secret", `shpss_${hex(32)}`],
  ["woocommerce_key", `cs_${hex(40)}`],
  ["etsy_api_key", `ETSY_API_KEY=${draw(LOWER + DIGIT, 24)}`],
  ["bigcommerce_token", `bigcommerce_access_token: ${draw(LOWER + DIGIT, 31)}`],
  ["amazon_login_token", `Atzr|Iw${alnum(200)}`],
  ["amazon_client_secret", `amzn1.oa2-cs.v1.${hex(64)}`],
  ["ebay_certificate_id", `PRD-${hex(12)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(4)}`],
  ["contentful_management_token", `CFPAT-${alnum(43)}`],
  ["squarespace_api_key", `squarespace_api_key = ${uuid()}`],
  ["sanity_token", `SANITY_API_TOKEN=sk${alnum(120)}`],
  ["ghost_admin_key", `GHOST_ADMIN_API_KEY=${hex(24)}:${hex(64)}`],
  ["imagekit_private_key", `private_${alnum(27)}=`],
  ["sidekiq_credentials", `BUNDLE_GEMS__CONTRIBSYS__COM=${hex(8)}:${hex(8)}`],
];

describe("secrets of commerce", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test.each([
    ["a commit beside the name of a shop", `magento/magento2 at ${hex(40)}`],
    ["a digest with a prefix that is part of a name", `docs_${hex(40)}`],
    ["a sandbox's name", `SBX-${hex(12)}-staging`],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
