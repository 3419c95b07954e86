import { visitWordsAfter, visitWordsBefore } from "./nearby-words.ts";

/** Words for nothing but a telephone or its number. */
const CERTAIN = [
  ...["phone", "phones", "phonenumber", "phoneno", "telephone", "tel", "tele", "mobile", "mobilenumber", "mobileno"],
  ...["cell", "cellphone", "cellular", "cellnumber", "fax", "telefax", "faxnumber", "whatsapp", "sms", "hotline"],
  ...["landline", "voicemail", "pager", "smartphone", "homephone", "workphone", "mobilephone", "phoned", "msisdn"],
  // German, French, Spanish, Italian, Portuguese, Dutch, Polish, Scandinavian, as ASCII has them.
  ...["telefon", "telefonnummer", "rufnummer", "mobil", "mobilnummer", "handynummer", "handy", "festnetz", "anrufen"],
  ...["phonique", "portable", "gsm", "appelez", "telefono", "movil", "celular", "cellulare", "llamame", "chiamami"],
  ...["telefone", "telemovel", "telefoon", "telefoonnummer", "mobiel", "mobieltje", "komorka", "komorkowy", "zadzwon"],
  ...["telefonu", "puhelin", "telefonszam", "mob"],
] as const;

/** Words that go with telephones and with much else. */
const LIKELY = [
  ...["call", "calls", "calling", "callback", "ring", "dial", "dialed", "dialled", "reach", "reached", "contact"],
  ...["contacts", "text", "texted", "answering", "answers", "desk", "direct", "signal", "telegram", "viber"],
  ...["number", "appeler", "llamar", "llame", "chiama", "chiamare", "ligue", "ligar", "bel", "bellen", "dzwonic"],
  ...["kontakt", "contacto", "contatto", "contato", "rufen", "ruf"],
] as const;

/** What else the numbers are of that stand beside words of the other two kinds. */
const OTHER: ReadonlySet<string> = new Set([
  ...["order", "invoice", "account", "acct", "zip", "zipcode", "postcode", "postal", "id", "ids", "ref", "reference"],
  ...[
    "page",
    "pages",
    "line",
    "lines",
    "version",
    "ver",
    "isbn",
    "issn",
    "issue",
    "rfc",
    "port",
    "pid",
    "ppid",
    "size",
  ],
  ...["byte", "bytes", "offset", "serial", "model", "part", "tracking", "ticket", "case", "claim", "policy", "social"],
  ...[
    "ssn",
    "routing",
    "iban",
    "swift",
    "flight",
    "passport",
    "license",
    "licence",
    "card",
    "timestamp",
    "date",
    "dob",
  ],
  ...["born", "time", "amount", "price", "total", "cost", "sum", "balance", "salary", "usd", "eur", "build", "commit"],
  ...["revision", "chapter", "section", "figure", "table", "sku", "ean", "upc", "lat", "lon", "lng", "latitude"],
  ...["longitude", "coordinates", "seed", "hash", "index", "address", "apt", "suite", "box", "street", "po", "unit"],
  ...[
    "population",
    "start",
    "end",
    "length",
    "random",
    "prime",
    "integer",
    "digit",
    "digits",
    "ip",
    "nhs",
    "nino",
    "tax",
    "vat",
    "bic",
    "pin",
  ],
]);

/** Who is called: makes a call of a verb that is also used of functions. */
const PEOPLE: ReadonlySet<string> = new Set(["me", "us", "him", "her", "them", "back", "someone", "my", "at", "on"]);
const CERTAIN_WORDS: ReadonlySet<string> = new Set(CERTAIN);
const LIKELY_WORDS: ReadonlySet<string> = new Set(LIKELY);

export const PHONE_WORDS: readonly string[] = [...CERTAIN, ...LIKELY];

/** How many words back a label may stand, and what a label behind the number may be away from it. */
const CERTAIN_WITHIN = 8;
const LIKELY_WITHIN = 5;
const LABEL_BEHIND = 16;

/** What the words around a number say of it; the nearest decides. */
export function phoneWordsAround(text: string, start: number, end: number): "certain" | "likely" | null {
  let isOfPerson = false;
  let found: "certain" | "likely" | null = null;
  visitWordsBefore(text, start, (word, index) => {
    if (index >= CERTAIN_WITHIN || OTHER.has(word)) return true;
    isOfPerson ||= PEOPLE.has(word);
    if (CERTAIN_WORDS.has(word)) found = "certain";
    else if (LIKELY_WORDS.has(word) && index < LIKELY_WITHIN) found = isOfPerson ? "certain" : "likely";
    // A number of a phone is certain by the word before it.
    return found !== null && word !== "number";
  });
  if (found !== null) return found;
  const length = lineLength(text, end);
  return visitWordsAfter(text, end, (word) => CERTAIN_WORDS.has(word), length) ? "certain" : null;
}

function lineLength(text: string, at: number): number {
  let length = 0;
  while (length < LABEL_BEHIND && !isLineEnd(text.charCodeAt(at + length))) length++;
  return length;
}

const isLineEnd = (unit: number): boolean => unit === 0x0a || unit === 0x0d;
