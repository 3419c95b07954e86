import fc from "fast-check";

/** `#` is any digit; what stands before the digits is an assigned range. */
const WITHOUT_WORDS = [
  ...["+1 602 272 ####", "+1-212-736-####", "+16022######", "+44 20 7946 ####", "+442079######", "+41 44 668 ## ##"],
  ...["+41 (0)44 668 ## ##", "+49 30 2######", "+33 1 42 68 ## ##", "(602) 272-####", "(602)272-####", "602-272-####"],
  ...["212.736.####", "1-780-999-####", "602-272-####x12##"],
];
const WITH_WORDS = [
  ...["Phone: 4## 2###", "call me at 60-56-85-##", "Mobile: 0490 75 40 ##", "Tel. 01.84.17.61.##", "fax 78 651 4##"],
  ...["my telephone number is 083 564 9###", "whatsapp 99 6684##", "phone: 60227####", "Telefon 030 2345####"],
];

/** Phone numbers as people write them; those that are too short to be known by themselves come with a word. */
export const phone: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...WITHOUT_WORDS, ...WITH_WORDS),
    fc.array(fc.integer({ min: 2, max: 9 }), { minLength: 8, maxLength: 8 }),
  )
  .map(([form, digits]) => {
    let used = 0;
    return form.replaceAll("#", () => String(digits[used++ % digits.length]));
  });
