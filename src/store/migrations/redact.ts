const MASK = "********";

/**
 * Takes the credentials of a database URL out of text that somebody else wrote: dbmate, a driver, the Go runtime. It
 * knows the URL, so it masks the password wherever and however it is quoted, also when the URL does not parse.
 */
export function redactCredentials(text: string, databaseUrl: string): string {
  let redacted = text;
  for (const secret of secretsOf(databaseUrl)) redacted = redacted.replaceAll(secret, MASK);
  return redacted.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]*@/gi, `$1:${MASK}@`);
}

/** Longest first, so that a password inside the user info does not cut it into a readable rest. */
function secretsOf(databaseUrl: string): string[] {
  const secrets = new Set<string>();
  const authority = databaseUrl.slice(databaseUrl.indexOf("://") + 3);
  const userInfo = authority.slice(0, Math.max(authority.lastIndexOf("@"), 0));
  const colon = userInfo.indexOf(":");
  if (colon >= 0) secrets.add(userInfo.slice(colon + 1));
  for (const match of databaseUrl.matchAll(/[?&](?:password|sslpassword|passfile)=([^&#]*)/gi))
    secrets.add(match[1] ?? "");
  for (const secret of [...secrets]) for (const form of formsOf(secret)) secrets.add(form);
  // A password of three letters is in every other word: masking it would show it.
  return [...secrets].filter((secret) => secret.length > 3).sort((a, b) => b.length - a.length);
}

/** Programs quote a password as it stands in the URL, decoded, encoded again, or escaped inside a quoted string. */
function formsOf(secret: string): string[] {
  const decoded = decode(secret);
  const quoted = [secret, decoded].map((form) => JSON.stringify(form).slice(1, -1));
  return [decoded, encodeURIComponent(decoded), ...quoted];
}

function decode(secret: string): string {
  try {
    return decodeURIComponent(secret);
  } catch {
    return secret;
  }
}
