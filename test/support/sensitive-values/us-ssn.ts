import fc from "fast-check";

const area = fc.integer({ min: 1, max: 899 }).filter((value) => value !== 666);
const pad = (value: number, length: number): string => String(value).padStart(length, "0");

/** Social security numbers as people write them; those without dashes say what they are. */
export const usSsn: fc.Arbitrary<string> = fc
  .tuple(
    area,
    fc.integer({ min: 1, max: 99 }),
    fc.integer({ min: 1, max: 9999 }),
    fc.constantFrom("-", "SSN: -", "ssn .", "social security number  ", "SSN "),
  )
  .map(([first, second, third, form]) => {
    const mark = form.length > 4 || form === "-" ? form.slice(-1) : "";
    const context = form.slice(0, form.length - mark.length);
    return (
      context +
      (context === "" || context.endsWith(" ") ? "" : " ") +
      [pad(first, 3), pad(second, 2), pad(third, 4)].join(mark)
    );
  });
