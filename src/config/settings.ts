import { isLocalServer } from "../core/hosts.ts";
import { isModelName, isOllamaCloudName } from "../core/models.ts";
import { err, ok, type Result } from "../core/result.ts";
import { parseSignerKey, parseVerifierKey } from "../core/signed-note.ts";

/**
 * One environment variable. `parse` gets the value (or the default) and answers with what is wrong in words that
 * never repeat the value: it may be a secret, or stand beside one.
 */
export type Setting<T> = {
  readonly name: string;
  /** The value when the variable is unset or empty; null where there is none. */
  readonly defaultValue: string | null;
  readonly shape: string;
  readonly description: string;
  readonly secret: boolean;
  readonly parse: (value: string | null) => Result<T, string>;
};

type Words = { name: string; defaultValue?: string; shape: string; description: string; secret?: boolean };

const setting = <T>(words: Words, parse: (value: string | null) => Result<T, string>): Setting<T> => ({
  name: words.name,
  defaultValue: words.defaultValue ?? null,
  shape: words.shape,
  description: words.description,
  secret: words.secret ?? false,
  parse,
});

export function hostSetting(words: Words): Setting<string> {
  return setting(words, (value) => {
    if (value === null) return err(`set it to ${words.shape}`);
    const isNumeric = /^[\d.]+$/.test(value);
    const parts = value.split(".");
    const isAddress = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
    const isName = !isNumeric && /^[A-Za-z0-9.:_[\]-]+$/.test(value);
    return isAddress || isName ? ok(value) : err(`set it to ${words.shape}`);
  });
}

/** What an HTTP header can carry; a key with anything else in it was copied wrongly. */
export function optionalHeaderSetting(words: Words): Setting<string | null> {
  return setting(words, (value) =>
    value === null || /^[\x21-\x7e]+$/.test(value)
      ? ok(value)
      : err("set it to the key alone: ASCII characters without spaces or line breaks"),
  );
}

const MODEL_NAME_REMEDY = "set it to a model name: letters, digits and ._:/@+-, at most 128";

export function modelSetting(words: Words): Setting<string> {
  return setting(words, (value) => (value !== null && isModelName(value) ? ok(value) : err(MODEL_NAME_REMEDY)));
}

export const textSetting = (words: Words): Setting<string> =>
  setting(words, (value) => (value === null ? err(`set it to ${words.shape}`) : ok(value)));

export const optionalTextSetting = (words: Words): Setting<string | null> => setting(words, ok);

/** RFC 9110, section 5.1; lower case, as headers are compared. */
export const optionalHeaderNameSetting = (words: Words): Setting<string | null> =>
  setting(words, (value) =>
    value === null || /^[A-Za-z0-9-]{1,100}$/.test(value)
      ? ok(value?.toLowerCase() ?? null)
      : err(`set it to ${words.shape}: letters, digits and hyphens`),
  );

export const optionalVerifierKeySetting = (words: Words): Setting<string | null> =>
  setting(words, (value) =>
    value === null || parseVerifierKey(value).ok ? ok(value) : err(`set it to ${words.shape}`),
  );

export const optionalSignerKeySetting = (words: Words): Setting<string | null> =>
  setting(words, (value) => (value === null || parseSignerKey(value).ok ? ok(value) : err(`set it to ${words.shape}`)));

export function verifierKeyListSetting(words: Words & { maxItems: number }): Setting<readonly string[]> {
  const list = listSetting(words);
  return setting(words, (value) => {
    const keys = list.parse(value);
    return keys.ok && !keys.value.every((key) => parseVerifierKey(key).ok) ? err(`set it to ${words.shape}`) : keys;
  });
}

export function localModelSetting(words: Words): Setting<string> {
  return setting(words, (value) => {
    if (value === null || !isModelName(value)) return err(MODEL_NAME_REMEDY);
    return isOllamaCloudName(value)
      ? err("Ollama forwards models with this ending to a hosted service; name one that runs on your machine")
      : ok(value);
  });
}

export function integerSetting(words: Words & { min: number; max: number }): Setting<number> {
  return setting(words, (value) => {
    const parsed = value !== null && /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return parsed >= words.min && parsed <= words.max
      ? ok(parsed)
      : err(`set it to a whole number from ${words.min} to ${words.max}, or remove it`);
  });
}

/** Null where it is not set. */
export function optionalIntegerSetting(words: Words & { min: number; max: number }): Setting<number | null> {
  const integer = integerSetting(words);
  return setting(words, (value) => (value === null ? ok(null) : integer.parse(value)));
}

export function choiceSetting<const T extends string>(words: Words & { choices: readonly T[] }): Setting<T> {
  return setting(words, (value) => {
    const found = words.choices.find((choice) => choice === value);
    return found === undefined ? err(`set it to one of ${words.choices.join(", ")}`) : ok(found);
  });
}

export const flagSetting = (words: Words): Setting<boolean> =>
  setting(words, (value) =>
    value === "true" || value === "false" ? ok(value === "true") : err("set it to true or false"),
  );

/** An http(s) URL without credentials, query or fragment; ends without a slash. */
export function httpUrlSetting(words: Words): Setting<string> {
  return setting(words, (value) => {
    const url = value === null ? null : URL.parse(value);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
      return err("set it to a URL that begins with http:// or https://");
    }
    if (url.username !== "" || url.password !== "") return err("remove the user name and password from the URL");
    if (url.search !== "" || url.hash !== "") return err("remove the query and fragment from the URL");
    return ok(url.href.replace(/\/+$/, ""));
  });
}

export function optionalPostgresUrlSetting(words: Words): Setting<string | null> {
  return setting(words, (value) => {
    if (value === null) return ok(null);
    // What follows is libpq's to read, which takes URLs that URL.parse does not, such as one without a host.
    if (/%(?![0-9A-Fa-f]{2})/.test(value)) return err("write a % of the user name or password as %25, as in any URL");
    return /^postgres(ql)?:\/\/./.test(value)
      ? ok(value)
      : err(`set it to ${words.shape}, or remove it to use the embedded Postgres`);
  });
}

/** The local zone's server: not a hosted service, whatever it is called. */
export function localServerSetting(words: Words): Setting<string> {
  const url = httpUrlSetting(words);
  return setting(words, (value) => {
    const parsed = url.parse(value);
    if (!parsed.ok || isLocalServer(new URL(parsed.value).hostname)) return parsed;
    return err("it names a server on the internet, and what stays local must not go there; name one in your network");
  });
}

export function listSetting(words: Words & { maxItems: number }): Setting<readonly string[]> {
  return setting(words, (value) => {
    const items = (value ?? "").split(",").map((item) => item.trim());
    const filled = items.filter((item) => item !== "");
    return filled.length <= words.maxItems ? ok(filled) : err(`use at most ${words.maxItems} entries`);
  });
}

/** Origins as browsers send them (RFC 6454), or `*` alone. */
export function originListSetting(words: Words & { maxItems: number }): Setting<readonly string[]> {
  const list = listSetting(words);
  return setting(words, (value) => {
    const items = list.parse(value);
    if (!items.ok) return items;
    const isAny = items.value.length === 1 && items.value[0] === "*";
    return isAny || items.value.every((item) => originOf(item) === item)
      ? items
      : err("set it to origins without a path, as in http://localhost:3000, or to * alone");
  });
}

/** Browsers give pages of extensions and apps an origin that URL does not know; scheme and host are all there is to it. */
function originOf(text: string): string | null {
  const url = URL.parse(text);
  if (url === null) return null;
  return url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin;
}

const keyRemedy = (bytes: number): string =>
  `set it to ${bytes} random bytes in base64 (openssl rand -base64 ${bytes}), or remove it`;

export const optionalKeySetting = (words: Words & { bytes: number }): Setting<Uint8Array | null> =>
  setting(words, (value) => (value === null ? ok(null) : keyOf(value, words.bytes)));

export function keyListSetting(words: Words & { bytes: number; maxItems: number }): Setting<readonly Uint8Array[]> {
  const list = listSetting(words);
  return setting(words, (value) => {
    const items = list.parse(value);
    if (!items.ok) return items;
    const keys = items.value.flatMap((item) => {
      const key = keyOf(item, words.bytes);
      return key.ok ? [key.value] : [];
    });
    return keys.length === items.value.length ? ok(keys) : err(keyRemedy(words.bytes));
  });
}

function keyOf(text: string, byteCount: number): Result<Uint8Array, string> {
  const wellFormed = /^[A-Za-z0-9+/]+={0,2}$/.test(text);
  const bytes = Uint8Array.from(wellFormed ? Buffer.from(text, "base64") : []);
  return bytes.length === byteCount ? ok(bytes) : err(keyRemedy(byteCount));
}
