import { expect, test } from "bun:test";
import fc from "fast-check";
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import metadata from "libphonenumber-js/max/metadata";
import { phoneDetector } from "../../../../src/scan/detectors/phone.ts";
import { isAmericanArea, judgeInternational } from "../../../../src/scan/detectors/phone-plans.ts";
import { numberMatches, strengthIn } from "../../../support/number-matches.ts";
import { phone } from "../../../support/sensitive-values/phone.ts";

const strength = (text: string): string | null => strengthIn(phoneDetector, text);

test("finds phone numbers as people write them", () => {
  fc.assert(fc.property(phone, (value) => ["strong", "medium"].includes(strength(`so ${value} it is`) ?? "")));
});

test("agrees with libphonenumber-js on what is valid", () => {
  const codes = fc.constantFrom(...Object.keys(metadata.country_calling_codes));
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 6, maxLength: 11 });
  fc.assert(
    fc.property(codes, fc.integer({ min: 2, max: 9 }), digits, (code, first, others) => {
      const number = `${code}${first}${others.join("")}`;
      const parsed = parsePhoneNumberFromString(`+${number}`);
      return judgeInternational(number) !== "valid" || parsed === undefined || parsed.isValid();
    }),
    { numRuns: 2000 },
  );
});

test("knows the area codes of North America", () => {
  expect([212, 602, 780, 340, 787].every(isAmericanArea)).toBe(true);
  expect([100, 211, 999].some(isAmericanArea)).toBe(false);
});

test("covers the number from its first digit to its last", () => {
  const [match] = numberMatches(phoneDetector, "at +41 (0)44 668 18 00, or");
  expect(match).toEqual({ code: "pii.phone", start: 4, end: 22, strength: "strong" });
});

test.each(["+44 20 7946 0018", "+442079460018", "(+44) 20 7946 0018", "+44\n20 7946 0018"])(
  "takes %j as strong",
  (text) => {
    expect(strength(text)).toBe("strong");
  },
);

test.each(["(602)272-9781", "780-999-2181", "212.736.5000", "1-780-999-2181", "780-999-2181x45", "0044 20 7946 0018"])(
  "takes %j as medium without a word beside it",
  (text) => expect(strength(`so ${text}, yes`)).toBe("medium"),
);

test.each([
  "450 0840",
  "467 3395",
  "78 651 450",
  "99 668472",
  "60-56-85-91",
  "03.93.92.16.85",
  "(99) 645-791",
  "9472 7916",
])("takes %j only beside a word for phones", (text) => {
  expect(["medium", "strong"]).not.toContain(strength(`there are ${text} of it`));
  expect(strength(`Phone:\n${text}`)).toBe("medium");
  expect(strength(`please call me on ${text}`)).toBe("medium");
  expect(strength(`${text} (mobile)`)).toBe("medium");
});

test("takes the name of a value for a word beside it, but not another text", () => {
  expect(strength("phoneNumber\u0002\u000060227297")).toBe("medium");
  expect(strength("phone\u000060227297")).toBeNull();
});

test("finds the value of a parameter, an attribute or a cell", () => {
  expect(strength("phone_number=6022729781")).toBe("medium");
  expect(strength("<b>phone</b><td>60227297</td>")).toBe("medium");
});

test("lets the nearest word decide", () => {
  expect(strength("phone: none, order 4500840")).toBeNull();
  expect(strength("order 12, phone 4500840")).toBe("medium");
});

test("finds a short number that a line break parts", () => {
  expect(strength("phone: 60-56\n85-91")).toBe("medium");
});

test("takes a national form without a word as weak", () => {
  expect(strength("it is 0490 75 40 81.")).toBe("weak");
});

test.each([
  ...["call on 2015-12-22 04", "phone 20260131", "call 192.168.10.100", "call 123-45-6789", "call 12345-6789"],
  ...["call 3.1415926", "call 1.234.567", "phone 1990-2000", "text CVE-2014-8148", "+1234567", "a+442079460018"],
  ...["+4953-09709", "1-800", "12-345-678", "602-272-9781-22", "call 0x4500840", "call $4500840", "number 4500840"],
  ...[
    "100-200",
    "999-272-9781",
    "phone 12:4500840",
    "C++14 20.8.2.2.4",
    "C++44 20 7946 0018",
    "v602-272-9781",
    "10 20 30 40 50 60",
  ],
])("is silent about %j", (text) => {
  expect(strength(text)).toBeNull();
});

test.each([
  ["my number is 409 3644"],
  ["The number of my doctor is 55000556"],
  ["Direct line: 03 813 9693"],
  ["T: 0412 22 83 45"],
  ["Office: (0359) 23 65 21"],
  ["contact: 6875072614"],
  ["You can reach Ada Lovelace at 2840 1107"],
  ["Someone called me from 50 681241"],
  ["I am available at 769 3459"],
  ["please change the phone number on my account to 092-9401396"],
  ["Is 0412 228 345 a valid phone number?"],
  ["Ring me on +88 99 867 98 72"],
  ["Whatsapp me 06-4/965 4217"],
  ["telefon: (351) 969815061"],
  ["phone 00972564304221"],
  ["phone 6228\n 8588"],
  ["so (0212) 276842, yes"],
  ["so (523) 280 5983, yes"],
])("takes %j as medium", (text) => expect(strength(text)).toBe("medium"));

test.each([
  ["order number 7055599634"],
  ["the number 6728172206 is prime"],
  ["a number of 10000-100000 entries"],
  ["calls demanding them. [Bug 3479689]"],
  ["calls/s: 6393742903"],
  ["also available at https://example.org/abs/math/9409227"],
  ["The phone costs 271.039.110,46"],
  ["a phone for 800,830,615.29"],
  ["call it twice.\n\n2.0.1 (2016-11-23)"],
  ["Ilse-Hübel-Ring 3/9\n21577 Auerbach"],
  ['"phone_verified": true, "created": 1649864'],
  ['1649864, "phone": null'],
  ["text 2147483647"],
  ["Signal strength -87 dBm at 17532270"],
])("has nothing above weak in %j", (text) => expect(strength(text) ?? "weak").toBe("weak"));
