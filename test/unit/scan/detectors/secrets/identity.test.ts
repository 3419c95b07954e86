import { describe, expect, test } from "bun:test";
import { IDENTITY_SECRETS } from "../../../../../src/scan/detectors/secrets/identity.ts";
import { alnum, BASE32, codesIn, draw, hex, LOWER, uuid } from "./vendors.ts";

const codes = (text: string): string[] => codesIn(IDENTITY_SECRETS, text);
const seed = draw(BASE32.toUpperCase(), 32);

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["auth0_client_secret", `AUTH0_CLIENT_SECRET=${alnum(64)}`],
  ["clerk_secret_key", `CLERK_SECRET_KEY=sk_live_${alnum(42)}`],
  ["workos_api_key", `sk_live_a2V5X${alnum(80)}`],
  ["stytch_secret", `secret-live-${alnum(35)}=`],
  ["duo_secret_key", `duo_secret_key: ${alnum(40)}`],
  ["keycloak_client_secret", `keycloak.credentials.secret=${alnum(32)}`],
  ["keycloak_client_secret", `KEYCLOAK_CLIENT_SECRET=${uuid()}`],
  ["intra42_client_secret", `s-s4t2ud-${hex(64)}`],
  ["totp_uri", `otpauth://totp/Acme:mia@example.org?secret=${seed}&issuer=Acme`],
  ["totp_uri", `otpauth://totp/Acme%20Co?issuer=Acme&period=30&secret=${seed}`],
  ["totp_migration_uri", `otpauth-migration://offline?data=${alnum(60)}%3D`],
  ["ory_token", `ory_pat_${alnum(32)}`],
  ["onfido_token", `api_live.${alnum(11)}.${alnum(32)}`],
  ["jumpcloud_api_key", `JUMPCLOUD_API_KEY=jca_${alnum(36)}`],
  ["apple_app_password", `APPLE_APP_SPECIFIC_PASSWORD=${draw(LOWER, 16).replace(/.{4}(?=.)/g, "$&-")}`],
];

describe("secrets of identity", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test.each([
    ["an otpauth address without a seed", "otpauth://totp/Acme:mia@example.org?issuer=Acme&secret="],
    ["Auth0's domain and id", `AUTH0_DOMAIN=acme.eu.auth0.com AUTH0_CLIENT_ID=${alnum(32)}`],
    ["a name in a program", "secret-live-reload-of-the-development-server"],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
