import { describe, expect, test } from "bun:test";
import { BANKING_SECRETS } from "../../../../../src/scan/detectors/secrets/banking.ts";
import { PAYMENT_SECRETS } from "../../../../../src/scan/detectors/secrets/payment.ts";
import { alnum, BASE32, codesIn, DIGIT, digits, draw, hex, LOWER, uuid } from "./vendors.ts";

const codes = (text: string): string[] => codesIn([...PAYMENT_SECRETS, ...BANKING_SECRETS], text);

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["stripe_key", `sk_live_${alnum(24)}`],
  ["stripe_key", `rk_test_51${alnum(97)}`],
  ["webhook_signing_secret", `whsec_${alnum(32)}`],
  ["square_access_token", `sq0atp-${alnum(22)}`],
  ["square_access_token", `EAAA${alnum(60)}`],
  ["square_application_secret", `sq0csp-${alnum(43)}`],
  ["braintree_access_token", `access_token$production$${draw(LOWER + DIGIT, 16)}$${hex(32)}`],
  ["paypal_client_secret", `"paypal_client_secret": "E${alnum(79)}"`],
  ["adyen_api_key", `AQEyhmfx${alnum(80)}==-${alnum(43)}=-${alnum(16)}`],
  ["plaid_access_token", `access-sandbox-${uuid()}`],
  ["plaid_secret", `PLAID_SECRET=${draw(LOWER + DIGIT, 30)}`],
  ["razorpay_key_secret", `razorpay.key_secret = '${alnum(24)}'`],
  ["flutterwave_key", `FLWSECK_TEST-${hex(32)}-X`],
  ["mollie_api_key", `live_${alnum(30)}`],
  ["lob_api_key", `test_${hex(35)}`],
  ["gocardless_token", `sandbox_${alnum(40)}`],
  ["checkout_com_key", `sk_sbox_${draw(BASE32, 27)}`],
  ["shippo_token", `shippo_live_${hex(40)}`],
  ["easypost_api_key", `EZAK${alnum(54)}`],
  ["paddle_api_key", `pdl_live_apikey_${draw(LOWER + DIGIT, 26)}_${alnum(22)}_${alnum(3)}`],
  ["klarna_api_key", `klarna_live_api_${alnum(120)}`],
  ["midtrans_server_key", `SB-Mid-server-${alnum(24)}`],
  ["mercado_pago_token", `APP_USR-${digits(16)}-${digits(6)}-${hex(32)}-${digits(9)}`],
  ["omise_secret_key", `skey_test_5${draw(LOWER + DIGIT, 18)}`],
  ["mercury_token", `secret-token:mercury_production_wma_${alnum(43)}_yrucrem`],
];

describe("secrets of payments", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test("tells Paystack's keys from Stripe's", () => {
    expect(codes(`sk_live_${hex(40)}`)).toEqual(["paystack_key"]);
    expect(codes(`sk_live_${alnum(40)}`)).toEqual(["stripe_key"]);
  });

  test.each([
    ["Stripe's publishable key, which is public", `pk_live_${alnum(24)}`],
    ["the name of a test", "test_returnsTheSameValueForEachOne and live_updatesOfTheWholePage"],
    ["Razorpay's key id, which pages show", `RAZORPAY_KEY_ID=rzp_live_${alnum(14)}`],
    ["a UUID without its prefix", `access-token ${uuid()}`],
    ["filler", `sk_live_${"x".repeat(24)} sk_test_${"0".repeat(24)}`],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
