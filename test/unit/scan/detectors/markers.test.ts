import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { markers } from "../../../../src/scan/detectors/markers.ts";
import { markers as phrases } from "../../../support/sensitive-values/markers.ts";

/** What is found at any place where one of the literals stands. */
function find(text: string) {
  const lower = text.toLowerCase();
  const matches = markers.flatMap((detector) =>
    detector.literals.flatMap((literal) => {
      const at = lower.indexOf(literal);
      const match = at < 0 ? null : detector.look(text, at, () => false);
      return match === null ? [] : [match];
    }),
  );
  return matches[0] ?? null;
}
const said = (text: string) => {
  const match = find(text);
  return match === null ? null : `${match.code} ${match.strength}: ${text.slice(match.start, match.end)}`;
};

describe("markers", () => {
  test.each([
    ["x TLP:RED y", "marker.tlp strong: TLP:RED"],
    ["TLP: AMBER", "marker.tlp strong: TLP: AMBER"],
    ["[TLP:AMBER+STRICT]", "marker.tlp strong: TLP:AMBER+STRICT"],
    ["tlp:amber", "marker.tlp medium: tlp:amber"],
    ["TLP-RED", "marker.tlp medium: TLP-RED"],
    ["TOP SECRET//SI//NOFORN", "marker.classification strong: TOP SECRET//SI"],
    ["SECRET//NOFORN", "marker.classification strong: SECRET//NOFORN"],
    ["SECRET // REL TO USA", "marker.classification strong: SECRET // REL"],
    ["CONFIDENTIAL//NF", "marker.classification strong: CONFIDENTIAL//NF"],
    ["a (S//NF) b", "marker.classification strong: (S//NF)"],
    ["(TS//SI//REL TO USA, FVEY)", "marker.classification strong: (TS//SI//REL TO USA, FVEY)"],
    ["NATO SECRET", "marker.classification medium: NATO SECRET"],
    ["NATO CONFIDENTIAL", "marker.classification medium: NATO CONFIDENTIAL"],
    ["COSMIC TOP SECRET", "marker.classification strong: COSMIC TOP SECRET"],
    ["x\n  TOP SECRET\ny", "marker.classification medium: TOP SECRET"],
    ["CUI//SP-PRVCY", "marker.classification medium: CUI//SP-PRVCY"],
    ["U//FOUO", "marker.classification medium: U//FOUO"],
    ["UNCLASSIFIED//FOUO", "marker.classification medium: UNCLASSIFIED//FOUO"],
    ["SECRET UE/EU SECRET", "marker.classification strong: SECRET UE/EU SECRET"],
    ["OFFICIAL-SENSITIVE", "marker.classification medium: OFFICIAL-SENSITIVE"],
    ["VS-NUR FÜR DEN DIENSTGEBRAUCH", "marker.classification medium: VS-NUR FÜR DEN DIENSTGEBRAUCH"],
    ["STRICTLY CONFIDENTIAL", "marker.confidential medium: STRICTLY CONFIDENTIAL"],
    ["Strictly Confidential", "marker.confidential medium: Strictly Confidential"],
    ["PRIVILEGED & CONFIDENTIAL", "marker.confidential medium: PRIVILEGED & CONFIDENTIAL"],
    ["CONFIDENTIAL - DO NOT SHARE", "marker.confidential medium: CONFIDENTIAL - DO NOT SHARE"],
    ["ATTORNEY-CLIENT PRIVILEGED", "marker.confidential medium: ATTORNEY-CLIENT PRIVILEGED"],
    ["Attorney-Client Privilege", "marker.confidential medium: Attorney-Client Privilege"],
    ["ATTORNEY WORK PRODUCT", "marker.confidential medium: ATTORNEY WORK PRODUCT"],
    ["FOR INTERNAL USE ONLY", "marker.confidential medium: INTERNAL USE ONLY"],
    ["STRENG VERTRAULICH", "marker.confidential medium: STRENG VERTRAULICH"],
    ["Streng vertraulich", "marker.confidential medium: Streng vertraulich"],
    ["Strictement Confidentiel", "marker.confidential medium: Strictement Confidentiel"],
  ])("finds the marker in %j", (text, found) => {
    expect(said(text)).toBe(found);
  });

  test("finds every marker inside of a text", () => {
    fc.assert(
      fc.property(phrases, (phrase) => {
        expect(find(`(x)\n${phrase}\nbefore`)).not.toBeNull();
      }),
    );
  });

  test.each([
    ["what everybody may read", "TLP:GREEN TLP:CLEAR"],
    ["a longer word", "TLP:REDACTED"],
    ["a name", "MY_TLP:RED"],
    ["code with a comment", 'const secret = "x";// SI'],
    ["a name with a comment", "API_SECRET//NOFORN"],
    ["an unknown control", "SECRET//FOO"],
    ["the sign of copyright", "(C) 2020"],
    ["a path", "(s//nf)"],
    ["a phrase in a sentence", "the TOP SECRET recipe"],
    ["ordinary text", "this is strictly confidential, privileged and secret"],
    ["a heading of a licence", "CONFIDENTIAL INFORMATION"],
    ["a name of two words", "INTERNAL_USER_ONLY"],
    ["a client", "ATTORNEY AT LAW"],
  ])("does not take %s for one", (_, text) => {
    expect(said(text)).toBeNull();
  });
});
