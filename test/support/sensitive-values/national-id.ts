import fc from "fast-check";
import * as bulgarian from "stdnum/lib/esm/bg/egn.js";
import * as brazilian from "stdnum/lib/esm/br/cpf.js";
import * as canadian from "stdnum/lib/esm/ca/sin.js";
import * as swiss from "stdnum/lib/esm/ch/ssn.js";
import * as german from "stdnum/lib/esm/de/idnr.js";
import * as spanish from "stdnum/lib/esm/es/dni.js";
import * as french from "stdnum/lib/esm/fr/nir.js";
import * as indian from "stdnum/lib/esm/in/aadhaar.js";
import * as italian from "stdnum/lib/esm/it/codicefiscale.js";
import * as dutch from "stdnum/lib/esm/nl/bsn.js";
import * as polish from "stdnum/lib/esm/pl/pesel.js";
import * as turkish from "stdnum/lib/esm/tr/tckimlik.js";

/** `#` is any digit, `?` what is tried until the validator of `stdnum` holds. */
type Form = { readonly words: string; readonly form: string; readonly isValid: (value: string) => boolean };

const by =
  ({ validate }: { readonly validate: (value: string) => { readonly isValid: boolean } }) =>
  (value: string): boolean =>
    validate(value).isValid;

const FORMS: readonly Form[] = [
  { words: "my BSN is ", form: "1###.##.##?", isValid: (value) => by(dutch)(value.replaceAll(".", "")) },
  { words: "CPF ", form: "###.###.###-??", isValid: by(brazilian) },
  { words: "", form: "###.###.###-??", isValid: by(brazilian) },
  { words: "EGN: ", form: "750102###?", isValid: by(bulgarian) },
  { words: "SIN ", form: "1## ### ##?", isValid: by(canadian) },
  { words: "numero de securite sociale ", form: "1 85 05 78 00# 0## ??", isValid: by(french) },
  { words: "Steuer-ID: ", form: "3657426180?", isValid: by(german) },
  { words: "Aadhaar ", form: "2### #### ###?", isValid: by(indian) },
  { words: "", form: "RSSMRA85T10A5##?", isValid: by(italian) },
  { words: "PESEL ", form: "440514###1?", isValid: by(polish) },
  { words: "DNI ", form: "5#######?", isValid: by(spanish) },
  { words: "", form: "756.####.####.#?", isValid: by(swiss) },
  { words: "TC Kimlik No: ", form: "1########??", isValid: by(turkish) },
];
const CHECKS = [...Array.from({ length: 100 }, (_, check) => String(check)), ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** Numbers of persons that `stdnum` holds valid, with the words by which they are known where those are needed. */
export const nationalId: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...FORMS), fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 10, maxLength: 10 }))
  .map(([form, digits]) => ({ form, value: complete(form, digits) }))
  .filter(({ value }) => value !== null)
  .map(({ form, value }) => form.words + value);

function complete({ form, isValid }: Form, digits: readonly number[]): string | null {
  let used = 0;
  const body = form.replaceAll("#", () => String(digits[used++ % digits.length]));
  const places = body.length - body.replaceAll("?", "").length;
  for (const check of CHECKS) {
    if (check.length > places) continue;
    const value = body.replace("?".repeat(places), check.padStart(places, "0"));
    if (isValid(value)) return value;
  }
  return null;
}
