import * as argentineTax from "stdnum/lib/esm/ar/cuit.js";
import * as australianTax from "stdnum/lib/esm/au/tfn.js";
import * as bulgarian from "stdnum/lib/esm/bg/egn.js";
import * as brazilian from "stdnum/lib/esm/br/cpf.js";
import * as canadian from "stdnum/lib/esm/ca/sin.js";
import * as swiss from "stdnum/lib/esm/ch/ssn.js";
import * as chilean from "stdnum/lib/esm/cl/rut.js";
import * as germanTax from "stdnum/lib/esm/de/idnr.js";
import * as dominican from "stdnum/lib/esm/do/cedula.js";
import * as ecuadorian from "stdnum/lib/esm/ec/ci.js";
import * as french from "stdnum/lib/esm/fr/nir.js";
import * as greek from "stdnum/lib/esm/gr/amka.js";
import * as croatian from "stdnum/lib/esm/hr/oib.js";
import * as israeli from "stdnum/lib/esm/il/idnr.js";
import * as aadhaar from "stdnum/lib/esm/in/aadhaar.js";
import * as icelandic from "stdnum/lib/esm/is/kennitala.js";
import * as dutch from "stdnum/lib/esm/nl/bsn.js";
import * as pakistani from "stdnum/lib/esm/pk/cnic.js";
import * as portugueseTax from "stdnum/lib/esm/pt/nif.js";
import * as russianTax from "stdnum/lib/esm/ru/inn.js";
import * as thai from "stdnum/lib/esm/th/idnr.js";
import * as turkish from "stdnum/lib/esm/tr/tckimlik.js";
import * as ukrainian from "stdnum/lib/esm/ua/rntrc.js";
import * as uruguayan from "stdnum/lib/esm/uy/cedula.js";
import type { Strength } from "../../detector.ts";
import * as own from "./checks.ts";

/** An identifier of persons that is digits only. */
export type NumberRow = {
  readonly country: string;
  /** Sizes of the groups it is written in, each way one text: `9`, `3-3-3`. */
  readonly forms: readonly string[];
  readonly isValid: own.Check;
  /** Holds for whatever is valid, in a fraction of the time. */
  readonly mayBeValid?: own.Check;
  /** Words that it is called by, in lower-case ASCII. Some of them must stand near. */
  readonly words: readonly string[];
  /** Its strength beside such a word: medium where it has no check digit. */
  readonly strength: Strength;
  /** Its strength without a word where it is grouped, if its groups, checks and gaps are like nothing else's. */
  readonly alone?: { readonly strength: Strength; readonly gaps: RegExp };
  readonly source: string;
};

type Validator = { readonly validate: (value: string) => { readonly isValid: boolean } };

const by =
  ({ validate }: Validator): own.Check =>
  (value) =>
    validate(value).isValid;

type Sifted = { readonly mayBeValid: own.Check; readonly isValid: own.Check };
const sifted = (mayBeValid: own.Check, validator: Validator): Sifted => ({ mayBeValid, isValid: by(validator) });

const WIKIPEDIA = "https://en.wikipedia.org/wiki/";
const row = (
  country: string,
  forms: string,
  check: own.Check | Sifted,
  words: string,
  source: string,
  more: Partial<Pick<NumberRow, "strength" | "alone">> = {},
): NumberRow => ({
  country,
  forms: forms.split(" "),
  ...(typeof check === "function" ? { isValid: check } : check),
  words: words.split(" "),
  source: source.startsWith("https:") ? source : WIKIPEDIA + source,
  strength: "strong",
  ...more,
});

const alone = (strength: Strength, gaps: RegExp) => ({ alone: { strength, gaps } });
const UNCHECKED = { strength: "medium" } as const;
const SOCIAL = "socialsecurity insurance";

export const NUMBER_ROWS: readonly NumberRow[] = [
  row("ar", "11 2-8-1", by(argentineTax), "cuit cuil", "https://www.argentina.gob.ar/anses/obtener-constancia-de-cuil"),
  row("ar", "8 2-3-3", () => true, "dni", "Documento_Nacional_de_Identidad_(Argentina)", UNCHECKED),
  row(
    "at",
    "10 4-6",
    own.all(own.austrian, own.dated(6, 4)),
    `svnr svnummer versicherungsnummer sozialversicherungsnummer vsnr ${SOCIAL}`,
    "https://www.oesterreich.gv.at/themen/soziales/sozialversicherung.html",
  ),
  row("au", "9 3-3-3 8 2-3-3", sifted(own.australianTaxSum, australianTax), "tfn taxfile", "Tax_file_number"),
  row("au", "10 4-5-1 11 4-5-1-1", own.medicare, "medicare", "Medicare_card_(Australia)"),
  row("ba", "13", own.all(own.yugoslav, own.dated(2, 0)), "jmbg emso embg maticni", "Unique_Master_Citizen_Number"),
  row(
    "be",
    "11 2-2-2-3-2 6-3-2 6-5",
    own.belgian,
    "rijksregisternummer rijksregister insz niss rrn nrn registre",
    "National_identification_number#Belgium",
    alone("strong", /^\.\.[- ]\.$/),
  ),
  row("bg", "10", by(bulgarian), "egn", "Unique_citizenship_number"),
  row(
    "br",
    "11 3-3-3-2",
    sifted(own.brazilianSum, brazilian),
    "cpf",
    "Cadastro_de_Pessoas_F%C3%ADsicas",
    alone("strong", /^\.\.-$/),
  ),
  row(
    "ca",
    "9 3-3-3",
    sifted(own.luhn, canadian),
    "sin nas socialinsurance insurance",
    "https://www.canada.ca/en/employment-social-development/services/sin.html",
  ),
  row(
    "ch",
    "13 3-4-4-2",
    by(swiss),
    `ahv avs ahvn ahvnummer sozialversicherungsnummer ${SOCIAL}`,
    "https://www.bsv.admin.ch/bsv/en/home/social-insurance/ahv.html",
    alone("strong", /^\.\.\.$/),
  ),
  row(
    "cn",
    "18",
    own.all(own.chinese, own.dated(10, 12)),
    "resident identity idcard citizen shenfenzheng shenfen",
    "Resident_Identity_Card",
    alone("medium", /^$/),
  ),
  row(
    "cz",
    "10 6-4",
    own.all(own.czech, own.dated(2, 4, [50, 20, 70])),
    "rodne rc rodnecislo birthnumber",
    "https://mv.gov.cz/clanek/rady-a-sluzby-dokumenty-rodna-cisla.aspx",
  ),
  row(
    "de",
    "11 2-3-3-3",
    by(germanTax),
    "steuer steuerid idnr steueridentifikationsnummer identifikationsnummer steuernummer tin",
    "https://www.bzst.de/EN/Private_individuals/Tax_identification_number/tax_identification_number_node.html",
  ),
  row(
    "dk",
    "10 6-4",
    own.dated(2, 0),
    "cpr personnummer cprnr cprnummer",
    "Personal_identification_number_(Denmark)",
    UNCHECKED,
  ),
  row("do", "11 3-7-1", by(dominican), "cedula", "https://jce.gob.do/"),
  row("ec", "10 9-1", by(ecuadorian), "cedula", "https://www.registrocivil.gob.ec/"),
  row("ee", "11", own.all(own.baltic, own.dated(3, 5)), "isikukood ik", "National_identification_number#Estonia"),
  row(
    "fr",
    "15 13-2 1-2-2-2-3-3-2 1-2-2-2-3-3",
    by(french),
    "nir insee secu securite sociale carte vitale",
    "https://www.insee.fr/en/metadonnees/definition/c1409",
    alone("medium", /^ {6}$/),
  ),
  row("gb", "10 3-3-4", own.britishHealth, "nhs", "https://www.datadictionary.nhs.uk/attributes/nhs_number.html"),
  row("gr", "11 6-5", sifted(own.luhn, greek), "amka", "https://www.amka.gr/"),
  row("hr", "11", by(croatian), "oib", "https://www.porezna-uprava.hr/en/Pages/PIN.aspx"),
  row("il", "9 8-1", sifted(own.luhn, israeli), "teudat zehut tz israeli", "National_identification_number#Israel"),
  row("in", "12 4-4-4", by(aadhaar), "aadhaar aadhar uidai adhar", "https://uidai.gov.in/"),
  row(
    "is",
    "10 6-4",
    by(icelandic),
    "kennitala kt",
    "https://www.skra.is/english/individuals/me-and-my-family/my-registration/id-numbers/",
  ),
  row("jp", "12 4-4-4", own.myNumber, "mynumber kojinbango individual", "https://www.soumu.go.jp/kojinbango_card/en/"),
  row(
    "kr",
    "13 6-7",
    own.all(own.korean, own.dated(2, 4)),
    "rrn jumin resident",
    "Resident_registration_number",
    alone("medium", /^-$/),
  ),
  row(
    "lt",
    "11",
    own.all(own.baltic, own.dated(3, 5)),
    "asmens kodas asmenskodas",
    "National_identification_number#Lithuania",
  ),
  row(
    "lv",
    "11 6-5",
    own.dated(2, 0),
    "personas kods personaskods",
    "National_identification_number#Latvia",
    UNCHECKED,
  ),
  row("my", "12 6-2-4", own.dated(2, 4), "nric mykad mykid ic", "Malaysian_identity_card", UNCHECKED),
  row(
    "nl",
    "9 4-2-3 3-3-3",
    sifted(own.dutchSum, dutch),
    "bsn burgerservicenummer sofi sofinummer persoonsnummer",
    "https://www.government.nl/topics/personal-data/citizen-service-number-bsn",
  ),
  row(
    "no",
    "11 6-5",
    own.all(own.norwegian, own.dated(2, 0, [40, 80], 40)),
    "fodselsnummer personnummer dnummer fnr",
    "https://www.skatteetaten.no/en/person/national-registry/birth-and-name-selection/children-born-in-norway/national-id-number/",
  ),
  row("pk", "13 5-7-1", by(pakistani), "cnic nadra nicop", "https://id.nadra.gov.pk/", UNCHECKED),
  row(
    "pl",
    "11",
    own.all(own.polish, own.dated(2, 4, [20, 40, 60, 80])),
    "pesel",
    "https://www.gov.pl/web/gov/czym-jest-numer-pesel",
  ),
  row(
    "pt",
    "9 3-3-3",
    sifted(own.portugueseSum, portugueseTax),
    "nif contribuinte fiscal",
    "https://info.portaldasfinancas.gov.pt/",
  ),
  row("ro", "13", own.all(own.romanian, own.dated(3, 5)), "cnp", "National_identification_number#Romania"),
  row("rs", "13", own.all(own.yugoslav, own.dated(2, 0)), "jmbg maticni", "Unique_Master_Citizen_Number"),
  row("ru", "12", by(russianTax), "inn", "https://www.nalog.gov.ru/eng/exchinf/inn/"),
  row("ru", "11 3-3-3-2", own.russianInsurance, "snils", "https://sfr.gov.ru/en/", alone("medium", /^-- $/)),
  row(
    "se",
    "10 6-4 12 8-4",
    (value) => own.all(own.luhn, own.dated(2, 4, [], 60))(value.slice(-10)),
    "personnummer samordningsnummer pnr",
    "https://www.skatteverket.se/servicelankar/otherlanguages/inenglish/individualsandemployees.html",
  ),
  row("si", "13", own.all(own.yugoslav, own.dated(2, 0)), "emso jmbg", "Unique_Master_Citizen_Number"),
  row(
    "sk",
    "10 6-4",
    own.all(own.czech, own.dated(2, 4, [50])),
    "rodne rc rodnecislo",
    "National_identification_number#Slovakia",
  ),
  row("th", "13 1-4-5-2-1", by(thai), "thai thailand prachachon", "Thai_identity_card", alone("medium", /^[- ]{4}$/)),
  row("tr", "11", by(turkish), "kimlik tckn tc tckimlik", "Turkish_Identification_Number"),
  row("ua", "10", by(ukrainian), "rnokpp ipn rntrc inn drfo", "https://tax.gov.ua/en/"),
  row("uy", "7-1 1-3-3-1", by(uruguayan), "cedula", "https://www.gub.uy/ministerio-interior/"),
  row(
    "za",
    "13 6-4-3 6-4-2-1",
    own.all(own.luhn, own.dated(2, 4)),
    "rsa idnumber idno african identity",
    "South_African_identity_card",
  ),
  row(
    "cl",
    "8-1 7-1 2-3-3-1 1-3-3-1",
    by(chilean),
    "rut",
    "National_identification_number#Chile",
    alone("medium", /^\.\.-$/),
  ),
];
