import { describe, expect, test } from "bun:test";
import { SOCIAL_SECRETS } from "../../../../../src/scan/detectors/secrets/social.ts";
import { alnum, codesIn, DIGIT, digits, draw, hex, LOWER } from "./vendors.ts";

const codes = (text: string): string[] => codesIn(SOCIAL_SECRETS, text);

const SECRETS: readonly (readonly [code: string, text: string])[] = [
  ["facebook_access_token", `EAAM${alnum(180)}`],
  ["facebook_app_token", `${digits(16)}|${alnum(27)}`],
  ["facebook_app_secret", `FACEBOOK_APP_SECRET=${hex(32)}`],
  ["instagram_access_token", `IGQVJ${alnum(150)}`],
  ["twitter_bearer_token", `${"A".repeat(22)}${alnum(40)}%2B${alnum(40)}%3D${alnum(20)}`],
  ["twitter_key", `twitter.consumer_secret="${alnum(50)}"`],
  ["twitter_key", `TWITTER_ACCESS_TOKEN=${digits(18)}-${alnum(40)}`],
  ["linkedin_client_secret", `WPL_AP1.${alnum(16)}.${alnum(6)}==`],
  ["linkedin_secret", `linkedin_client_secret: ${draw(LOWER + DIGIT, 16)}`],
  ["reddit_client_secret", `REDDIT_CLIENT_SECRET=${alnum(27)}`],
  ["spotify_client_secret", `{"spotifyClientSecret": "${hex(32)}"}`],
  ["dropbox_token", `sl.u.${alnum(900)}`],
  ["dropbox_secret", `dropbox_app_secret=${draw(LOWER + DIGIT, 15)}`],
  ["mapbox_secret_token", `sk.eyJ${alnum(80)}.${alnum(22)}`],
  ["unsplash_key", `UNSPLASH_ACCESS_KEY=${alnum(43)}`],
  ["strava_token", `strava_client_secret = "${hex(40)}"`],
  ["foursquare_api_key", `fsq3${alnum(43)}=`],
];

describe("secrets of social networks and media", () => {
  test.each(SECRETS)("finds %s", (code, text) => expect(codes(text)).toContain(code));

  test("finds the value of a field that the vendor's name names", () => {
    expect(codes(`spotify_client_secret\u0002\u0000${hex(32)}\u0000`)).toEqual(["spotify_client_secret"]);
  });

  test.each([
    ["Mapbox's public token", `pk.eyJ${alnum(80)}.${alnum(22)}`],
    ["a checksum that begins as a token does", `eaac${hex(124)}`],
    ["zeros of a file in base64", "A".repeat(200)],
    ["names in code", "twitterTokenProvider = createTwitterTokenProviderX; vimeo.api.key = getTheKeyOfVimeo"],
    ["a table", `| ${digits(15)} | a value of the table's second row |`],
  ])("leaves %s", (_, text) => expect(codes(text)).toEqual([]));
});
