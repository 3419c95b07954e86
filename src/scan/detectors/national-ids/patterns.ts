import * as chilean from "stdnum/lib/esm/cl/rut.js";
import * as spanish from "stdnum/lib/esm/es/dni.js";
import * as spanishForeign from "stdnum/lib/esm/es/nie.js";
import * as french from "stdnum/lib/esm/fr/nir.js";
import * as britishInsurance from "stdnum/lib/esm/gb/nino.js";
import * as hongKong from "stdnum/lib/esm/hk/hkid.js";
import * as irish from "stdnum/lib/esm/ie/pps.js";
import * as indianTax from "stdnum/lib/esm/in/pan.js";
import * as italian from "stdnum/lib/esm/it/codicefiscale.js";
import * as sriLankan from "stdnum/lib/esm/lk/nic.js";
import * as portuguese from "stdnum/lib/esm/pt/cc.js";
import * as taiwanese from "stdnum/lib/esm/tw/natid.js";
import type { Strength } from "../../detector.ts";
import * as own from "./checks.ts";

/** An identifier of persons that has letters. */
export type PatternRow = {
  readonly country: string;
  /** How many letters it begins with, each way one number, and how many digits then follow without a gap. */
  readonly letters: readonly number[];
  readonly digits: readonly number[];
  /** Read from its first letter on, in whatever case. */
  readonly pattern: RegExp;
  /** Given in upper case and without spaces, points, dashes and brackets, unless `keepsSigns`. */
  readonly isValid: own.Check;
  readonly keepsSigns?: boolean;
  readonly words: readonly string[];
  readonly strength: Strength;
  readonly alone?: Strength;
  readonly source: string;
};

type Validator = { readonly validate: (value: string) => { readonly isValid: boolean } };

const by =
  ({ validate }: Validator): own.Check =>
  (value) =>
    validate(value).isValid;

export const PATTERN_ROWS: readonly PatternRow[] = [
  {
    country: "cl",
    letters: [0],
    digits: [1, 2, 7, 8],
    pattern: /\d{1,2}\.?\d{3}\.?\d{3}-?K/iy,
    isValid: by(chilean),
    words: ["rut"],
    strength: "strong",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Chile",
  },
  {
    country: "cn",
    letters: [0],
    digits: [17],
    pattern: /\d{17}X/iy,
    isValid: own.all(own.chinese, own.dated(10, 12)),
    words: ["resident", "identity", "idcard", "citizen", "shenfenzheng"],
    strength: "strong",
    alone: "strong",
    source: "https://en.wikipedia.org/wiki/Resident_Identity_Card",
  },
  {
    country: "es",
    letters: [0],
    digits: [8],
    pattern: /\d{8}[- ]?[A-Z]/iy,
    isValid: by(spanish),
    words: ["dni", "nif", "documento", "identidad"],
    strength: "strong",
    source: "https://www.interior.gob.es/opencms/es/servicios-al-ciudadano/tramites-y-gestiones/dni/",
  },
  {
    country: "es",
    letters: [1],
    digits: [7],
    pattern: /[XYZ]-?\d{7}[- ]?[A-Z]/iy,
    isValid: by(spanishForeign),
    words: ["nie", "nif", "extranjero", "extranjeria"],
    strength: "strong",
    source: "https://www.interior.gob.es/opencms/es/servicios-al-ciudadano/tramites-y-gestiones/extranjeria/",
  },
  {
    country: "fi",
    letters: [0],
    digits: [6],
    pattern: /\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]/iy,
    isValid: own.all(own.finnish, own.dated(2, 0)),
    keepsSigns: true,
    words: ["hetu", "henkilotunnus", "personbeteckning"],
    strength: "strong",
    alone: "medium",
    source: "https://dvv.fi/en/personal-identity-code",
  },
  {
    country: "fr",
    letters: [0],
    digits: [6],
    pattern: /[12]\d{4}2[AB] ?\d{3} ?\d{3} ?\d{2}/iy,
    isValid: by(french),
    words: ["nir", "insee", "secu", "securite", "sociale", "vitale"],
    strength: "strong",
    alone: "medium",
    source: "https://www.insee.fr/en/metadonnees/definition/c1409",
  },
  {
    country: "gb",
    letters: [2],
    digits: [2, 6],
    pattern: /[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]/iy,
    isValid: by(britishInsurance),
    words: ["nino", "insurance", "ni", "hmrc", "paye"],
    strength: "strong",
    source: "https://www.gov.uk/hmrc-internal-manuals/national-insurance-manual/nim39110",
  },
  {
    country: "hk",
    letters: [1, 2],
    digits: [6],
    pattern: /[A-Z]{1,2}\d{6}(?:\([0-9A]\)|[0-9A])/iy,
    isValid: by(hongKong),
    words: ["hkid", "hong", "kong", "identity"],
    strength: "strong",
    source: "https://www.immd.gov.hk/eng/services/hkid.html",
  },
  {
    country: "ie",
    letters: [0],
    digits: [7],
    pattern: /\d{7}[A-W][A-IW]?/iy,
    isValid: by(irish),
    words: ["pps", "ppsn", "ppsno"],
    strength: "strong",
    source: "https://www.gov.ie/en/department-of-social-protection/services/get-a-personal-public-service-pps-number/",
  },
  {
    country: "in",
    letters: [5],
    digits: [4],
    pattern: /[A-Z]{3}P[A-Z]\d{4}[A-Z]/iy,
    isValid: by(indianTax),
    words: ["pan", "panno", "pancard", "permanent", "tax"],
    strength: "strong",
    source: "https://incometaxindia.gov.in/tutorials/1.permanent%20account%20number%20(pan).pdf",
  },
  {
    country: "it",
    letters: [6],
    digits: [2],
    pattern: /[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z]/iy,
    isValid: by(italian),
    words: ["codice", "fiscale", "cf", "codicefiscale"],
    strength: "strong",
    alone: "strong",
    source:
      "https://www.agenziaentrate.gov.it/portale/web/english/nse/individuals/tax-identification-number-for-foreign-citizens",
  },
  {
    country: "lk",
    letters: [0],
    digits: [9],
    pattern: /\d{9}[VX]/iy,
    isValid: by(sriLankan),
    words: ["nic", "lanka", "identity"],
    strength: "strong",
    source: "https://drp.gov.lk/",
  },
  {
    country: "mx",
    letters: [4],
    digits: [6],
    pattern: /[A-Z]{4}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d/iy,
    isValid: own.all(own.mexican, own.dated(6, 8)),
    words: ["curp"],
    strength: "strong",
    alone: "strong",
    source: "https://www.gob.mx/segob/renapo/acciones-y-programas/clave-unica-de-registro-de-poblacion-curp-142226",
  },
  {
    country: "mx",
    letters: [4],
    digits: [6],
    pattern: /[A-Z]{4}-?\d{6}-?[0-9A-Z]{3}/iy,
    isValid: own.dated(6, 8),
    words: ["rfc", "contribuyentes"],
    strength: "medium",
    source: "https://www.sat.gob.mx/",
  },
  {
    country: "pt",
    letters: [0],
    digits: [8],
    pattern: /\d{8}[ -]?\d ?[A-Z0-9]{2}\d/iy,
    isValid: by(portuguese),
    words: ["cidadao", "cartao", "cc"],
    strength: "strong",
    source:
      "https://www.autenticacao.gov.pt/documents/20126/115760/Valida%C3%A7%C3%A3o+de+N%C3%BAmero+de+Documento+do+Cart%C3%A3o+de+Cidad%C3%A3o.pdf",
  },
  {
    country: "sg",
    letters: [1],
    digits: [7],
    pattern: /[STFGM]\d{7}[A-Z]/iy,
    isValid: own.singaporean,
    words: ["nric", "fin", "singapore", "ic", "singpass"],
    strength: "strong",
    source: "https://en.wikipedia.org/wiki/National_Registration_Identity_Card",
  },
  {
    country: "tw",
    letters: [1],
    digits: [9],
    pattern: /[A-Z][1289]\d{8}/iy,
    isValid: by(taiwanese),
    words: ["taiwan", "taiwanese", "identity", "shenfenzheng", "citizen"],
    strength: "strong",
    source: "https://en.wikipedia.org/wiki/National_identification_card_(Taiwan)",
  },
];
