import fc from "fast-check";

/** Leading digits of a scheme, how many digits its cards have, and how those are printed. */
const SCHEMES = [
  { prefix: "4", groups: [4, 4, 4, 4] },
  { prefix: "51", groups: [4, 4, 4, 4] },
  { prefix: "2345", groups: [4, 4, 4, 4] },
  { prefix: "34", groups: [4, 6, 5] },
  { prefix: "37", groups: [4, 6, 5] },
  { prefix: "6011", groups: [4, 4, 4, 4] },
  { prefix: "36", groups: [4, 6, 4] },
  { prefix: "3530", groups: [4, 4, 4, 4] },
  { prefix: "62", groups: [4, 4, 4, 4] },
] as const;

/** The digit that makes the Luhn sum of a number a multiple of ten when it is put behind it. */
export function luhnDigit(body: string): string {
  let sum = 0;
  for (const [index, digit] of [...body].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return String((10 - (sum % 10)) % 10);
}

export function grouped(digits: string, sizes: readonly number[], separator: string): string {
  let at = 0;
  const groups = sizes.map((size) => {
    at += size;
    return digits.slice(at - size, at);
  });
  return groups.join(separator);
}

/** Cards as they are typed: of a known scheme, in one piece or in its printed groups. */
export const creditCard: fc.Arbitrary<string> = fc
  .record({
    scheme: fc.constantFrom(...SCHEMES),
    digits: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 16, maxLength: 16 }),
    separator: fc.constantFrom("", " ", "-", "."),
  })
  .map(({ scheme: { prefix, groups }, digits, separator }) => {
    const length = groups.reduce((sum, size) => sum + size, 0);
    const body = (prefix + digits.join("")).slice(0, length - 1);
    return grouped(body + luhnDigit(body), groups, separator);
  });
