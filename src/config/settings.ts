import { isOllamaCloudName } from "../core/models.ts";
import { err, ok, type Result } from "../core/result.ts";

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

export const textSetting = (words: Words): Setting<string> =>
  setting(words, (value) => (value === null ? err(`set it to ${words.shape}`) : ok(value)));

export const optionalTextSetting = (words: Words): Setting<string | null> => setting(words, (value) => ok(value));

export function localModelSetting(words: Words): Setting<string> {
  return setting(words, (value) => {
    if (value === null) return err(`set it to ${words.shape}`);
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
    return /^postgres(ql)?:\/\/./.test(value)
      ? ok(value)
      : err(`set it to ${words.shape}, or remove it to use the embedded Postgres`);
  });
}

export function listSetting(words: Words & { maxItems: number }): Setting<readonly string[]> {
  return setting(words, (value) => {
    const items = (value ?? "").split(",").map((item) => item.trim());
    const filled = items.filter((item) => item !== "");
    return filled.length <= words.maxItems ? ok(filled) : err(`use at most ${words.maxItems} entries`);
  });
}

export function optionalKeySetting(words: Words & { bytes: number }): Setting<Uint8Array | null> {
  return setting(words, (value) => {
    if (value === null) return ok(null);
    const wellFormed = /^[A-Za-z0-9+/]+={0,2}$/.test(value);
    const bytes = Uint8Array.from(wellFormed ? Buffer.from(value, "base64") : []);
    return bytes.length === words.bytes
      ? ok(bytes)
      : err(`set it to ${words.bytes} random bytes in base64 (openssl rand -base64 ${words.bytes}), or remove it`);
  });
}
