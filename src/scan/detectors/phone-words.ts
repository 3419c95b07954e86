import { BOUNDARY, NAME_END } from "../sheet.ts";
import { visitWordsAfter, visitWordsBefore } from "./nearby-words.ts";

/** Words for nothing but a telephone or its number. */
const CERTAIN = [
  ...["phone", "phones", "phonenumber", "phoneno", "telephone", "tel", "tele", "mobile", "mobilenumber", "mobileno"],
  ...["cell", "cellphone", "cellular", "cellnumber", "fax", "telefax", "faxnumber", "whatsapp", "sms", "hotline"],
  ...["landline", "voicemail", "pager", "smartphone", "homephone", "workphone", "mobilephone", "phoned", "msisdn"],
  ...["ph", "phoneline", "dial", "dialed", "dialled", "dialing", "dialling"],
  // German, French, Spanish, Italian, Portuguese, Dutch, Polish, Scandinavian, as ASCII has them.
  ...["telefon", "telefonnummer", "rufnummer", "mobil", "mobilnummer", "handynummer", "handy", "festnetz", "anrufen"],
  ...["phonique", "gsm", "appelez", "joindre", "telefono", "movil", "celular", "cellulare", "llamame"],
  ...["chiamami", "telefone", "telemovel", "telefoon", "telefoonnummer", "mobiel", "mobieltje", "komorka"],
  ...["komorkowy", "zadzwon", "telefonu", "puhelin", "telefonszam", "mob", "telefonnumer", "telefonnr", "ligue"],
] as const;

/** Words that go with telephones and with much else. */
const LIKELY = [
  ...["call", "calling", "callback", "reach", "reached", "contact", "text", "texted", "answering"],
  ...["answers", "desk", "direct", "telegram", "viber", "verification", "otp", "sim"],
  ...["appeler", "llamar", "llame", "chiama", "chiamare", "ligar", "bel", "bellen", "dzwonic"],
  ...["kontakt", "contacto", "contatto", "contato", "rufen", "ruf"],
] as const;

/** Words that count only right before whoever is called: a ring is also a street, and calls are also counted. */
const OF_PERSON: ReadonlySet<string> = new Set(["ring", "calls", "called", "available"]);

/** The number of somebody is mostly that of a phone; that of something is not. */
const NUMBER: ReadonlySet<string> = new Set(["number", "numero", "nummer", "portable"]);
const OWNERS: ReadonlySet<string> = new Set([
  ...["my", "your", "his", "her", "our", "their", "contact", "callback", "emergency", "direct", "home", "work"],
  ...["office", "mon", "ton", "votre", "son", "mi", "tu", "su", "mio", "tuo", "suo", "meu", "seu", "meine", "deine"],
  ...["seine", "ihre", "unsere", "mijn", "jouw", "uw", "mit", "mitt"],
]);

/** What else the numbers are of that stand beside words of the other kinds. */
const OTHER: ReadonlySet<string> = new Set([
  ...["doi", "arxiv", "pp", "vol", "pmid", "values", "created"],
  ...["order", "invoice", "account", "acct", "zip", "zipcode", "postcode", "postal", "id", "ids", "ref", "reference"],
  ...["page", "pages", "line", "lines", "version", "ver", "isbn", "issn", "issue", "rfc", "port", "pid", "ppid"],
  ...["size", "byte", "bytes", "offset", "serial", "model", "part", "tracking", "ticket", "case", "claim", "policy"],
  ...["social", "ssn", "routing", "iban", "swift", "flight", "passport", "license", "licence", "card", "timestamp"],
  ...["date", "dob", "born", "time", "amount", "price", "total", "cost", "costs", "sum", "balance", "salary", "usd"],
  ...["eur", "build", "commit", "revision", "chapter", "section", "figure", "table", "sku", "ean", "upc", "lat", "lon"],
  ...["lng", "latitude", "longitude", "coordinates", "seed", "hash", "index", "address", "apt", "suite", "box"],
  ...["street", "po", "unit", "population", "start", "end", "length", "random", "prime", "integer", "digit", "digits"],
  ...["ip", "nhs", "nino", "tax", "vat", "bic", "pin", "aviv", "company", "employee", "student", "member"],
  ...["bug", "bugs"],
]);
/** What may stand between such a word and its number. Behind any other word the number is of something else. */
const CONNECTING: ReadonlySet<string> = new Set([
  ...["number", "numbers", "no", "nr", "num", "is", "was", "are", "code", "of", "the", "for", "in", "new"],
]);

/** Who is called, right after the verb, or what stands right before the number: verbs alone are used of functions too. */
const PEOPLE: ReadonlySet<string> = new Set([
  ...["me", "us", "him", "her", "them", "you", "back", "someone", "my", "mich", "uns", "moi"],
]);
const AT: ReadonlySet<string> = new Set(["at", "on", "from"]);
const BEFORE_NUMBER: ReadonlySet<string> = new Set(["at", "on", "from", "under", "unter", "au", "al", "op"]);
const CERTAIN_WORDS: ReadonlySet<string> = new Set(CERTAIN);
const LIKELY_WORDS: ReadonlySet<string> = new Set(LIKELY);

/** `ph` and `mob` behind a number are as well the beginning of something else. */
const LABELS_BEHIND: ReadonlySet<string> = new Set(CERTAIN.filter((word) => word !== "ph" && word !== "mob"));

export const PHONE_WORDS: readonly string[] = [...CERTAIN, ...LIKELY, ...OF_PERSON, ...NUMBER];

/** How many words back a label may stand, and what a label behind the number may be away from it. */
const CERTAIN_WITHIN = 10;
const LIKELY_WITHIN = 8;
const LABEL_BEHIND = 24;

/** `hint`: says something only of a number that is written as hardly anything but a phone number is. */
export type Certainty = "certain" | "likely" | "hint" | null;

/** What the words around a number say of it; the nearest decides. */
export function phoneWordsAround(text: string, start: number, end: number): Certainty {
  const found = wordsBefore(text, start);
  if (found !== null) return found;
  return visitWordsAfter(text, end, (word) => LABELS_BEHIND.has(word), lengthBehind(text, end)) ? "certain" : null;
}

function wordsBefore(text: string, at: number): Certainty {
  let isOfPerson = false;
  let isOwned = false;
  let isConnected = true;
  let numberAt = -1;
  let found: Certainty = null;
  let isBeforePerson = false;
  let isBeforeAt = false;
  visitWordsBefore(
    text,
    at,
    (word, index) => {
      if (index >= CERTAIN_WITHIN) return true;
      if (isConnected && OTHER.has(word)) {
        found = null;
        return true;
      }
      isConnected &&= CONNECTING.has(word);
      const isPersonNext = isBeforePerson;
      const isAtNext = isBeforeAt;
      isBeforePerson = PEOPLE.has(word);
      isBeforeAt = AT.has(word);
      isOfPerson ||= index === 0 && BEFORE_NUMBER.has(word);
      isOwned ||= OWNERS.has(word);
      if (CERTAIN_WORDS.has(word) || (numberAt >= 0 && index <= numberAt + 2 && OWNERS.has(word))) found = "certain";
      else if (index >= LIKELY_WITHIN) return false;
      else if (LIKELY_WORDS.has(word))
        found = isOfPerson || isPersonNext || (index === 0 && isLabel(text, at)) ? "certain" : "likely";
      else if (OF_PERSON.has(word) && (isPersonNext || isAtNext || text.startsWith(" ring ", at - 6)))
        found = "certain";
      else if (NUMBER.has(word) && numberAt < 0) {
        numberAt = index;
        found = isOwned ? "certain" : "hint";
        return isOwned;
      }
      return found === "certain" || (found !== null && numberAt < 0);
    },
    startOfField(text, at),
  );
  return found;
}

const PLACES = "office|work|home|main|direct|business|private?|evenings?|dienstlich|bureau|ufficio|oficina";
const OPENING = `[\\s|,;/(>"'${BOUNDARY}]`;
const LINE_OPENING = `[\\n\\r|;${BOUNDARY}] ?`;
const COLON = `(?:["']?\\s?:|${NAME_END}${BOUNDARY})\\s{0,3}["']?`;
/** `Office:`, `Work line:`, and `T:` where it begins a line or a field. */
const LABEL = new RegExp(
  `(?:(?:^|${OPENING})(?:${PLACES})(?: (?:line|no\\.?|number))?|(?:^|${LINE_OPENING})[tmfpcoh])${COLON}[+(]{0,2}$`,
  "i",
);
const LABEL_REACH = 32;
const LABEL_GAP = 4;

/** `contact: 012...`: a colon and spaces are all that stands before the number. */
function isLabel(text: string, at: number): boolean {
  let colon = at - 1;
  while (colon > at - LABEL_GAP && " (+\"'".includes(text.charAt(colon))) colon--;
  return text.charAt(colon) === ":" || text.charAt(colon) === BOUNDARY;
}

/** `"created": 1649864` is of what its own name says, and not of the field before. */
function startOfField(text: string, at: number): number {
  let index = at - 1;
  while (index > at - LABEL_GAP && " \"'".includes(text.charAt(index))) index--;
  const sign = text.charAt(index--);
  if (sign !== "=" && !(sign === ":" && text.charAt(index) === '"')) return 0;
  const first = Math.max(0, at - FIELD_REACH);
  while (index >= first && !FIELD_ENDS.has(text.charCodeAt(index))) index--;
  return index < first ? 0 : index;
}

const FIELD_REACH = 48;
const FIELD_ENDS: ReadonlySet<number> = new Set(Array.from(",;{}&\n", (sign) => sign.charCodeAt(0)));

/** A label that means a phone only where it stands right before a number. */
export function hasPhoneLabel(text: string, start: number): boolean {
  let sign = start - 1;
  while (sign > start - LABEL_GAP && " (+\"'".includes(text.charAt(sign))) sign--;
  if (text.charAt(sign) !== ":" && text.charAt(sign) !== BOUNDARY) return false;
  return LABEL.test(text.slice(Math.max(0, start - LABEL_REACH), start));
}

/** How far a label behind a number may be away: on the same line, and no name or field of its own. */
function lengthBehind(text: string, at: number): number {
  let length = 0;
  while (length < LABEL_BEHIND && !ENDS_LABEL.has(text.charAt(at + length))) length++;
  return text.charAt(at) === "," && text.charAt(at + 1) !== " " ? 0 : length;
}

const ENDS_LABEL: ReadonlySet<string> = new Set(Array.from("\n\r\t\"'`:=_{}[]|<>"));
