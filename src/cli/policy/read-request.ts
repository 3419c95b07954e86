import { SETTINGS } from "../../config/config.ts";
import type { ChatRequest, Surface } from "../../core/chat.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { Refusal } from "../../http/problem.ts";
import { SURFACE_TRANSLATIONS } from "../../http/surfaces.ts";
import { bodyReader } from "../../http/validation.ts";
import { nameOf, readTextFile } from "../command/read-file.ts";

/** Why there is no request. The code is that of the answer which a client would get, where there is a body at all. */
export type UnreadRequest = { readonly code: string; readonly message: string };

/** Reads a body as the gateway reads that of a client, with all that it refuses. Quotes nothing of it. */
export async function readRequest(path: string, surface: Surface): Promise<Result<ChatRequest, UnreadRequest>> {
  const maxBytes = maxBodyBytes();
  if (!maxBytes.ok) return err({ code: "invalid_setting", message: `MAX_BODY_BYTES: ${maxBytes.error}.` });
  const read = await readTextFile(path, maxBytes.value);
  if (!read.ok) return err({ code: "unreadable_file", message: read.error });
  const { body, toRequest } = SURFACE_TRANSLATIONS[surface];
  try {
    const readBody = bodyReader(body, { maxBytes: maxBytes.value });
    return ok(
      toRequest(
        await readBody({
          request: new Request("http://localhost/", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: read.value,
          }),
        }),
      ),
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return err({ code: error.code, message: `${nameOf(path)}: ${error.message}` });
  }
}

/** The one setting that says how large a body may be; what is wrong with others is no matter here. */
function maxBodyBytes(): Result<number, string> {
  const { name, defaultValue, parse } = SETTINGS.maxBodyBytes;
  return parse(process.env[name] || defaultValue);
}
