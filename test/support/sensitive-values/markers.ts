import fc from "fast-check";

/** Labels and banners that tell how a document is to be handled. */
export const markers: fc.Arbitrary<string> = fc.constantFrom(
  ...[
    "TLP:RED",
    "TLP:AMBER",
    "TLP:AMBER+STRICT",
    "TOP SECRET//SI//NOFORN",
    "SECRET//REL TO USA, GBR",
    "CONFIDENTIAL//NOFORN",
  ],
  ...["(S//NF)", "(TS//SI//NF)", "NATO SECRET", "COSMIC TOP SECRET", "CUI//SP-PRVCY", "OFFICIAL-SENSITIVE", "VS-NfD"],
  ...["STRICTLY CONFIDENTIAL", "ATTORNEY-CLIENT PRIVILEGED", "HIGHLY CONFIDENTIAL", "PRIVILEGED AND CONFIDENTIAL"],
  ...["FOR INTERNAL USE ONLY", "SECRET UE/EU SECRET"],
);
