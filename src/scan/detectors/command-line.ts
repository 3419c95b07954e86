import type { LiteralDetector, Match } from "../detector.ts";
import { BLANK, DIGIT, isAt } from "./characters.ts";
import { isVaried, MAX_VALUE, passwordStrength, randomStrength } from "./credential-value.ts";
import { type Argument, argumentAt } from "./shell-argument.ts";
import { pairStrength } from "./url-credentials.ts";

const CODE = "secret.command_line";
const TITLE = "A password or a token given to a command as an argument.";

const detector = (literals: readonly string[], source: string, look: LiteralDetector["look"]): LiteralDetector => ({
  kind: "literal",
  codes: [CODE],
  title: TITLE,
  sources: [source],
  literals,
  reach: MAX_VALUE,
  look,
});

/** Where the value of an option begins that ends before `at`: after `=` or white space; -1 where neither follows. */
function valueStart(text: string, at: number): number {
  if (text.charAt(at) === "=") return at + 1;
  let index = at;
  while (index < at + 8 && isAt(text, index, BLANK)) index++;
  return index === at ? -1 : index;
}

/** Also in quotes, in parentheses and after what parts commands. */
const beginsWord = (text: string, at: number): boolean =>
  at === 0 || text.charCodeAt(at - 1) <= 0x20 || "`\"'(;|&".includes(text.charAt(at - 1));

/** `-u user:password`, as curl has it. A token may be the user, with no password, or the other way round. */
const user = detector(
  ["-u", "--user", "--proxy-user"],
  "https://curl.se/docs/manpage.html#-u",
  (text, at): Match | null => {
    if (!beginsWord(text, at)) return null;
    const short = text.charAt(at + 1) !== "-";
    const end = short ? at + 2 : text.indexOf("user", at) + 4;
    const from = valueStart(text, end);
    const argument = from < 0 ? null : argumentAt(text, from);
    const colon = argument?.value.indexOf(":") ?? -1;
    if (argument === null || colon < 0) return null;
    const name = argument.value.slice(0, colon);
    const password = argument.value.slice(colon + 1);
    if (password.startsWith("//") || isNumber(password)) return null;
    const strength = password === "" ? randomStrength(name) : pairStrength(name, password);
    return strength === "weak" ? null : { code: CODE, start: at, end: argument.end, strength };
  },
);

/** A port or a group's number, as in `docker run -u 1000:1001`. */
function isNumber(value: string): boolean {
  for (let index = 0; index < value.length; index++) if (!isAt(value, index, DIGIT)) return false;
  return value.length > 0 && value.length < 6;
}

function passwordArgument(argument: Argument | null, start: number): Match | null {
  if (argument === null || argument.value.startsWith("-") || argument.value.startsWith("/")) return null;
  const { value, end } = argument;
  const strength = isVaried(value) ? passwordStrength(value) : randomStrength(value);
  return strength === "weak" ? null : { code: CODE, start, end, strength };
}

/** Commands that take a password right after a letter, how far after the command, and the letter. */
const WINDOW = 120;
const COMMANDS: readonly { readonly name: string; readonly flag: string; readonly attached: boolean }[] = [
  { name: "mysql", flag: " -p", attached: true },
  { name: "mysqldump", flag: " -p", attached: true },
  { name: "mysqladmin", flag: " -p", attached: true },
  { name: "mariadb", flag: " -p", attached: true },
  { name: "sshpass", flag: " -p", attached: false },
  { name: "login", flag: " -p", attached: false },
  { name: "mongo", flag: " -p", attached: false },
  { name: "mongosh", flag: " -p", attached: false },
  { name: "mongodump", flag: " -p", attached: false },
  { name: "redis-cli", flag: " -a", attached: false },
  { name: "sqlcmd", flag: " -P", attached: false },
];

const short = detector(
  ["mysql", "mariadb", "sshpass", "login", "mongo", "redis-cli", "sqlcmd"],
  "https://dev.mysql.com/doc/refman/8.4/en/connecting.html",
  (text, at) => {
    const space = commandEnd(text, at);
    if (space < 0) return null;
    const name = text.slice(at, space);
    const command = COMMANDS.find((known) => known.name === name);
    if (command === undefined) return null;
    const line = text.slice(space, space + WINDOW);
    const found = line.indexOf(command.flag);
    if (found < 0 || !isOneLine(line, found)) return null;
    const flagEnd = space + found + command.flag.length;
    const blanks = isAt(text, flagEnd, BLANK);
    if (blanks && command.attached) return null;
    const argument = argumentAt(text, blanks ? flagEnd + 1 : flagEnd);
    return passwordArgument(argument, at);
  },
);

function isOneLine(text: string, end: number): boolean {
  for (let index = 0; index < end; index++) if (text.charCodeAt(index) < 0x20) return false;
  return true;
}

/** Where the command's name ends, if white space follows; -1 otherwise. */
function commandEnd(text: string, at: number): number {
  let index = at;
  while (index < at + 12 && (isAt(text, index, 1) || text.charAt(index) === "-")) index++;
  return text.charAt(index) === " " && beginsWord(text, at) ? index : -1;
}

export const commandLineDetectors: readonly LiteralDetector[] = [user, short];
