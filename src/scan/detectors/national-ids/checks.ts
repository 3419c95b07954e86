/** Checks of identifiers whose check in `stdnum` asks a clock whether the birth date is past, which a scan must not. */

export type Check = (value: string) => boolean;

const ZERO = 0x30;
const digitAt = (value: string, at: number): number => value.charCodeAt(at) - ZERO;
const numberIn = (value: string, start: number, end: number): number => Number(value.slice(start, end));

export const all =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.every((check) => check(value));

/** The sum of the digits, each times its weight. */
export function weigh(value: string, weights: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at++) sum += (weights[at] ?? 0) * digitAt(value, at);
  return sum;
}

/** The weighted sum of all digits is a multiple. */
export const dividesBy =
  (modulus: number, weights: readonly number[]): Check =>
  (value) =>
    weigh(value, weights) % modulus === 0;

export const luhn: Check = (value) => {
  let sum = 0;
  for (let at = value.length - 1, isDoubled = false; at >= 0; at--, isDoubled = !isDoubled) {
    const digit = digitAt(value, at) * (isDoubled ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
};

const isDate = (month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= ([2].includes(month) ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31);

/** Where the month and the day stand; some countries add to one of them for women, foreigners or a century. */
export function dated(monthAt: number, dayAt: number, addedToMonth: readonly number[] = [], addedToDay = 0): Check {
  return (value) => {
    const month = numberIn(value, monthAt, monthAt + 2);
    const day = numberIn(value, dayAt, dayAt + 2);
    const isDay = (offset: number): boolean =>
      isDate(month - offset, day) || (addedToDay > 0 && isDate(month - offset, day - addedToDay));
    return isDay(0) || addedToMonth.some(isDay);
  };
}

const BALTIC = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1];
const BALTIC_AGAIN = [3, 4, 5, 6, 7, 8, 9, 1, 2, 3];

/** Estonia and Lithuania: weighed again where the first remainder is 10. */
export const baltic: Check = (value) => {
  const first = weigh(value, BALTIC) % 11;
  const check = first < 10 ? first : weigh(value, BALTIC_AGAIN) % 11;
  return check % 10 === digitAt(value, 10);
};

/** A multiple of 97 with the first nine digits; with a 2 before those for who was born from 2000 on. */
export const belgian: Check = (value) => {
  const sum = numberIn(value, 0, 9) + numberIn(value, 9, 11);
  return sum % 97 === 0 || (2_000_000_000 + sum) % 97 === 0;
};

/** Nine digits until 1953, without a check; ten are a multiple of 11, once with a remainder of 10 taken for 0. */
export const czech: Check = (value) => {
  const body = numberIn(value, 0, 9);
  return (body % 11) % 10 === digitAt(value, 9);
};

const FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY";

/** `ddmmyy`, a sign or letter for the century, three digits, and the remainder by 31. */
export const finnish: Check = (value) =>
  FINNISH.charAt(Number(value.slice(0, 6) + value.slice(7, 10)) % 31) === value.charAt(10);

const CHINESE = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** Provinces by the number's first two digits, and years of those who live. */
const PROVINCE = /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])\d{4}(?:19|20)/;

export const chinese: Check = (value) =>
  PROVINCE.test(value) && "10X98765432".charAt(weigh(value, CHINESE) % 11) === value.charAt(17);

const KOREAN = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];

export const korean: Check = (value) => (11 - (weigh(value, KOREAN) % 11)) % 10 === digitAt(value, 12);

const AUSTRIAN = [3, 7, 9, 0, 5, 8, 4, 2, 1, 6];

export const austrian: Check = (value) => weigh(value, AUSTRIAN) % 11 === digitAt(value, 3);

const ROMANIAN = [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9];

export const romanian: Check = (value) => {
  const remainder = weigh(value, ROMANIAN) % 11;
  return (remainder === 10 ? 1 : remainder) === digitAt(value, 12);
};

const YUGOSLAV = [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];

export const yugoslav: Check = (value) => ((11 - (weigh(value, YUGOSLAV) % 11)) % 11) % 10 === digitAt(value, 12);

const MEXICAN = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ";

export const mexican: Check = (value) => {
  let sum = 0;
  for (let at = 0; at < 17; at++) sum += MEXICAN.indexOf(value.charAt(at)) * (18 - at);
  return (10 - (sum % 10)) % 10 === digitAt(value, 17);
};

const SINGAPOREAN = [2, 7, 6, 5, 4, 3, 2];
const SINGAPOREAN_LETTERS = new Map([
  ["S", "JZIHGFEDCBA"],
  ["T", "GFEDCBAJZIH"],
  ["F", "XWUTRQPNMLK"],
  ["G", "RQPNMLKXWUT"],
  ["M", "KLJNPQRTUWX"],
]);

/** One of five letters, seven digits and a letter that each of the first has its own row for. */
export const singaporean: Check = (value) => {
  const first = value.charAt(0);
  const remainder = (weigh(value.slice(1, 8), SINGAPOREAN) + (first === "M" ? 3 : 0)) % 11;
  const row = SINGAPOREAN_LETTERS.get(first) ?? "";
  return row.charAt(first === "M" ? 10 - remainder : remainder) === value.charAt(8);
};

/** Ten digits of which the last is the weighted sum's difference from 11. */
const BRITISH_HEALTH = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1];

export const britishHealth: Check = dividesBy(11, BRITISH_HEALTH);

const MEDICARE = [1, 3, 7, 9, 1, 3, 7, 9];

export const medicare: Check = (value) => weigh(value, MEDICARE) % 10 === digitAt(value, 8);

const MY_NUMBER = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];

/** Japan's number of a person. `stdnum` has the number of a company only. */
export const myNumber: Check = (value) => {
  const remainder = weigh(value, MY_NUMBER) % 11;
  return (remainder <= 1 ? 0 : 11 - remainder) === digitAt(value, 11);
};

const NORWEGIAN = [3, 7, 6, 1, 8, 9, 4, 5, 2, 1];
const NORWEGIAN_AGAIN = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

export const norwegian: Check = all(dividesBy(11, NORWEGIAN), dividesBy(11, NORWEGIAN_AGAIN));

const POLISH = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1];

export const polish: Check = dividesBy(10, POLISH);

/** Snils of Russia: the weighted sum by 101, where 100 counts as 0. */
export const russianInsurance: Check = (value) =>
  (weigh(value, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === numberIn(value, 9, 11);

/** Sums that rule out most numbers before `stdnum`, which takes 3 us a number, is asked. */
const sumWithoutLast =
  (weights: readonly number[]): Check =>
  (value) => {
    const check = 11 - (weigh(value, weights) % 11);
    return (check > 9 ? 0 : check) === digitAt(value, weights.length);
  };

export const portugueseSum: Check = sumWithoutLast([9, 8, 7, 6, 5, 4, 3, 2]);
export const brazilianSum: Check = all(
  sumWithoutLast([10, 9, 8, 7, 6, 5, 4, 3, 2]),
  sumWithoutLast([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]),
);

const BSN = [9, 8, 7, 6, 5, 4, 3, 2, -1];

export const dutchSum: Check = dividesBy(11, BSN);

const TAX_FILE = [1, 4, 3, 7, 5, 8, 6, 9, 10];
const OLD_TAX_FILE = [10, 7, 8, 4, 6, 3, 5, 1];

export const australianTaxSum: Check = (value) => weigh(value, value.length === 9 ? TAX_FILE : OLD_TAX_FILE) % 11 === 0;
