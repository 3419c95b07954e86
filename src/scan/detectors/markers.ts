import type { LiteralDetector, Match, Strength } from "../detector.ts";

/** Sticky and bounded, at the literal. A group inside a look-behind is what of the marker stands before the literal. */
type Form = readonly [pattern: RegExp, strength: Strength];
/** By the character that the literal begins with, so that `secret` in code costs one look-up. */
type Forms = Readonly<Record<string, readonly Form[]>>;

const WORD = /[\p{L}\p{N}_]/u;

/** Tries the forms in turn; a marker is no part of a longer word or name. */
function lookFor(code: string, forms: Forms): LiteralDetector["look"] {
  const byFirst = new Map(Object.entries(forms).map(([first, found]) => [first.charCodeAt(0), found]));
  return (text: string, at: number): Match | null => {
    const candidates = byFirst.get(text.charCodeAt(at));
    if (candidates === undefined) return null;
    for (const [pattern, strength] of candidates) {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (found === null) continue;
      const start = at - (found[1]?.length ?? 0);
      const end = at + found[0].length;
      if (!WORD.test(text.charAt(start - 1)) && !WORD.test(text.charAt(end))) return { code, start, end, strength };
    }
    return null;
  };
}

const tlp: LiteralDetector = {
  kind: "literal",
  codes: ["marker.tlp"],
  title: "A label of the Traffic Light Protocol that keeps a text among its recipients: RED, AMBER, AMBER+STRICT.",
  sources: ["https://www.first.org/tlp/"],
  literals: ["tlp"],
  reach: 20,
  look: lookFor("marker.tlp", {
    T: [
      [/TLP {0,1}: {0,1}(?:RED|AMBER(?:\+STRICT)?)/y, "strong"],
      [/TLP[-_ ](?:RED|AMBER(?:[+_]STRICT)?)/y, "medium"],
      [/TLP:(?:red|amber(?:\+strict)?)/iy, "medium"],
    ],
    t: [[/tlp:(?:red|amber(?:\+strict)?)/iy, "medium"]],
  }),
};

/** What a banner says after the level: compartments, and who may read it. */
const CONTROL =
  "(?:NOFORN|NF\\b|ORCON|OC\\b|REL\\b|RELIDO|SI\\b|SI-|TK\\b|HCS|COMINT|TALENT|KLONDIKE|IMCON|PROPIN|FISA|FGI|RD\\b|FRD|SAR|" +
  "SPECIAL ACCESS|RESTRICTED DATA|ATOMAL|BOHEMIA|LIMDIS|EXDIS|NODIS|LES\\b|SBU|ACCM|DISPLAY ONLY|EYES ONLY|RSEN|WAIVED|20\\d{6})";

const classification: LiteralDetector = {
  kind: "literal",
  codes: ["marker.classification"],
  title: "A classification of the United States, of NATO, the European Union, the United Kingdom or Germany.",
  sources: [
    "https://www.archives.gov/files/isoo/training/marking-booklet-revision.pdf",
    "https://www.dni.gov/files/documents/FOIA/Public_CAPCO_Register%20and%20Manual%20v5.1.pdf",
    "https://www.archives.gov/cui/registry/cui-glossary.html",
    "https://eur-lex.europa.eu/eli/dec/2013/488/oj",
    "https://www.gov.uk/government/publications/government-security-classifications",
    "https://raw.githubusercontent.com/MISP/misp-taxonomies/main/nato/machinetag.json",
  ],
  literals: ["secret", "confidential", "(ts//", "(s//", "(c//", "cui//", "u//fouo", "unclassified//"].concat([
    "ue/eu",
    "official-sensitive",
    "vs-nfd",
    "vs-nur",
  ]),
  reach: 64,
  look: lookFor("marker.classification", {
    S: [
      [new RegExp(`(?<=(TOP {0,2}))SECRET {0,1}// {0,1}${CONTROL}`, "y"), "strong"],
      [new RegExp(`SECRET {0,1}// {0,1}${CONTROL}`, "y"), "strong"],
      [/(?<=(COSMIC {0,2}TOP {0,2}))SECRET/y, "strong"],
      [/(?<=(NATO[ \t]))SECRET/y, "medium"],
      // A line of its own: in a sentence it is only talked about.
      [/(?<=(?:^|\p{Cc})[ *#=-]{0,8}(TOP {0,2}))SECRET(?=[ *#=-]{0,8}(?:$|\p{Cc}))/uy, "medium"],
    ],
    C: [
      [new RegExp(`CONFIDENTIAL {0,1}// {0,1}${CONTROL}`, "y"), "strong"],
      [/(?<=(NATO[ \t]))CONFIDENTIAL/y, "medium"],
      [/CUI\/\/[A-Z]{2,8}(?:-[A-Z]{2,8})?/y, "medium"],
    ],
    "(": [[new RegExp(`\\((?:TS|S|C)//${CONTROL}[A-Z0-9 ,/-]{0,32}\\)`, "y"), "strong"]],
    U: [
      [/U(?:NCLASSIFIED)?\/\/FOUO/y, "medium"],
      [/(?<=((?:SECRET|CONFIDENTIEL|RESTREINT) ))UE\/EU (?:SECRET|CONFIDENTIAL|RESTRICTED|TOP SECRET)/y, "strong"],
    ],
    O: [[/OFFICIAL-SENSITIVE/y, "medium"]],
    V: [[/VS-N(?:fD|FD|UR FÜR DEN DIENSTGEBRAUCH|ur für den Dienstgebrauch)/y, "medium"]],
  }),
};

const AND = "(?:[ \\t]{0,2}(?:&|AND|and|And|[-/|,])[ \\t]{0,2})";

const confidential: LiteralDetector = {
  kind: "literal",
  codes: ["marker.confidential"],
  title: "A phrase that tells how to handle a document, such as STRICTLY CONFIDENTIAL, written as a heading.",
  sources: ["https://www.iso.org/standard/75652.html", "https://www.law.cornell.edu/wex/attorney-client_privilege"],
  literals: ["confidential", "attorney", "internal", "vertraulich", "confidentiel"],
  reach: 64,
  look: lookFor("marker.confidential", {
    C: [
      [/(?<=((?:STRICTLY|HIGHLY|COMPANY|COMMERCIAL|CORPORATE)[\s_-]{0,3}))CONFIDENTIAL/y, "medium"],
      [/(?<=((?:Strictly|Highly|Company) {1,2}))Confidential/y, "medium"],
      [new RegExp(`(?<=((?:PRIVILEGED|PROPRIETARY|PRIVATE)${AND}))CONFIDENTIAL`, "y"), "medium"],
      [
        new RegExp(`CONFIDENTIAL${AND}(?:PROPRIETARY|PRIVILEGED|DO NOT (?:DISTRIBUTE|SHARE|FORWARD|COPY))`, "y"),
        "medium",
      ],
      [/(?<=((?:STRICTEMENT|Strictement)\s{1,3}))(?:CONFIDENTIEL|Confidentiel)/y, "medium"],
    ],
    A: [
      [/ATTORNEY[\s/-]{0,3}CLIENT[\s-]{1,3}(?:PRIVILEGED?|COMMUNICATION|WORK PRODUCT)/y, "medium"],
      [/Attorney[\s/-]{0,3}Client[\s-]{1,3}(?:Privileged?|Communication|Work Product)/y, "medium"],
      [/ATTORNEY(?:'S)?[\s-]{1,3}WORK[\s-]{1,3}PRODUCT/y, "medium"],
    ],
    I: [[/INTERNAL[\s_-]{1,3}USE[\s_-]{1,3}ONLY/y, "medium"]],
    V: [[/(?<=((?:STRENG|Streng)\s{1,3}))(?:VERTRAULICH|Vertraulich)/y, "medium"]],
    v: [[/(?<=(Streng\s{1,3}))vertraulich/y, "medium"]],
  }),
};

export const markers = [tlp, classification, confidential] as const;
