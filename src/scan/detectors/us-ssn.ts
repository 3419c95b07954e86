import type { Match, Near, NumberDetector } from "../detector.ts";
import type { NumberRun } from "../number-run.ts";

const SSN = "pii.us_ssn";
const ITIN = "pii.us_itin";

/** Never issued: areas 000, 666 and above 899, group 00, serial 0000. */
const isSsn = (area: number, group: number, serial: number): boolean =>
  area > 0 && area !== 666 && area < 900 && group > 0 && serial > 0;

/** The tax number of those who have no social security number: area 9xx, groups 50-65, 70-88, 90-92 and 94-99. */
const isItin = (area: number, group: number): boolean =>
  area >= 900 && group >= 50 && group <= 99 && (group <= 65 || group >= 70) && group !== 89 && group !== 93;

const codeOf = (area: number, group: number, serial: number): string | null => {
  if (isSsn(area, group, serial)) return SSN;
  return isItin(area, group) ? ITIN : null;
};

function numberAt(text: string, start: number, end: number): number {
  let value = 0;
  for (let index = start; index < end; index++) value = value * 10 + text.charCodeAt(index) - 0x30;
  return value;
}

/** The number is part of something longer: a part number, a phone number, a path, an amount. */
const JOINED_BEFORE = /[\p{L}\p{N}_\-–./\\+$€£%=&:]/u;
const JOINED_AFTER = /[\p{L}\p{N}_%/\\]/u;
const JOINED_BEFORE_LABEL = /[=:]/;

function isAlone(text: string, start: number, end: number): boolean {
  const before = start > 0 ? text.charAt(start - 1) : "";
  // `ssn=...` and `ssn:...`; but `12:...` and `a-b=...` are times and keys of something else.
  if (JOINED_BEFORE.test(before) && !(JOINED_BEFORE_LABEL.test(before) && !/\d/.test(text.charAt(start - 2)))) {
    return false;
  }
  const after = text.charAt(end);
  if (JOINED_AFTER.test(after)) return false;
  return !("-.,:+".includes(after) && /[\p{L}\p{N}]/u.test(text.charAt(end + 1)));
}

/** "Social" alone may be anything, so the words are read again where one is near. */
const NAMED =
  /(?:^|[^a-z])(?:ssns?|itins?|tin|ss ?[#n]|socials?[\s_-]{0,2}(?:sec|number|num|no|is|[:#]|insurance)|seguro[\s_-]{0,2}social|taxpayer|socialsec\w{0,6})/i;
const NAMED_BEFORE = 64;
const NAMED_AFTER = 32;

function isNamed(text: string, start: number, end: number, near: Near): boolean {
  if (!near(start, end)) return false;
  return (
    NAMED.test(text.slice(Math.max(0, start - NAMED_BEFORE), start)) || NAMED.test(text.slice(end, end + NAMED_AFTER))
  );
}

/** `123-45-6789` at three groups of the run. */
function grouped(run: NumberRun, first: number, near: Near): Match | null {
  const { text } = run;
  const last = first + 2;
  const mark = run.gap(first);
  if (mark.length !== 1 || !"-. ".includes(mark) || run.gap(first + 1) !== mark) return null;
  const start = run.start(first);
  const end = run.end(last);
  if (!isAlone(text, start, end)) return null;
  const code = codeOf(
    numberAt(text, start, run.end(first)),
    numberAt(text, run.start(first + 1), run.end(first + 1)),
    numberAt(text, run.start(last), end),
  );
  if (code === null) return null;
  if (isNamed(text, start, end, near)) return { code, start, end, strength: "strong" };
  return { code, start, end, strength: mark === "-" ? "medium" : "weak" };
}

/** `123456789`, which is as good as any number unless something says what it is. */
function solid(run: NumberRun, group: number, near: Near): Match | null {
  const { text } = run;
  const start = run.start(group);
  const end = run.end(group);
  const code = codeOf(
    numberAt(text, start, start + 3),
    numberAt(text, start + 3, start + 5),
    numberAt(text, start + 5, end),
  );
  if (code === null || !isAlone(text, start, end) || !isNamed(text, start, end, near)) return null;
  return { code, start, end, strength: "medium" };
}

const NONE: readonly Match[] = [];

function look(run: NumberRun, near: Near): readonly Match[] {
  let matches: Match[] | null = null;
  for (let group = 0; group < run.count; group++) {
    const size = run.size(group);
    let match: Match | null = null;
    if (size === 9) match = solid(run, group, near);
    else if (size === 3 && group + 2 < run.count && run.size(group + 1) === 2 && run.size(group + 2) === 4) {
      match = grouped(run, group, near);
    }
    if (match === null) continue;
    matches ??= [];
    matches.push(match);
  }
  return matches ?? NONE;
}

export const usSsn: NumberDetector = {
  kind: "number",
  codes: [SSN, ITIN],
  title: "A United States social security number, or the taxpayer number of those who have none.",
  sources: [
    "https://www.ssa.gov/employer/randomizationfaqs.html",
    "https://www.irs.gov/individuals/individual-taxpayer-identification-number",
  ],
  context: ["ssn", "ssns", "ss", "social", "socials", "socialsecurity", "seguro", "itin", "itins", "tin", "taxpayer"],
  // More is read only where one of the words has been found.
  reach: 8,
  look,
};
