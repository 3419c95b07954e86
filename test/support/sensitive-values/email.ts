import fc from "fast-check";

const label = fc.stringMatching(/^[a-z][a-z0-9]{1,12}(-[a-z0-9]{1,5})?$/);
const local = fc.oneof(
  fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]{5,12}([._+-][a-zA-Z0-9]{1,10}){0,2}$/),
  fc.stringMatching(/^[äöüéñçпочтаメール用户]{1,10}$/u),
);
const domain = fc.oneof(
  fc
    .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), fc.constantFrom("com", "org", "de", "co.uk", "museum"))
    .map(([labels, top]) => `${labels.join(".")}.${top}`),
  fc.constantFrom("bücher.example", "пример.рф", "例え.テスト", "xn--bcher-kva.example", "163.com"),
);

/** Mailboxes of ASCII and of other scripts. */
export const email: fc.Arbitrary<string> = fc.tuple(local, domain).map(([name, host]) => `${name}@${host}`);
