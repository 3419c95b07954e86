import type { Part } from "../../core/chat.ts";
import { Refusal } from "../problem.ts";

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Base64 of the first twelve bytes, which tell the four kinds of image apart. */
const HEAD_LENGTH = 16;

/** In hexadecimal. */
const SIGNATURES = [
  { mediaType: "image/png", pattern: /^89504e470d0a1a0a/ },
  { mediaType: "image/jpeg", pattern: /^ffd8ff/ },
  { mediaType: "image/gif", pattern: /^47494638(37|39)61/ },
  { mediaType: "image/webp", pattern: /^52494646.{8}57454250/ },
];

/** Ollama takes plain base64 only, without a data URL's head; line breaks in it do not count. */
export function imagePart(image: string, field: string): Part {
  const base64 = image.replaceAll(/[\r\n]/g, "");
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) {
    throw new Refusal("request.invalid_field", `${field}: Expected an image in base64, without a data URL's head.`, {
      field,
    });
  }
  const head = Buffer.from(base64.slice(0, HEAD_LENGTH), "base64").toString("hex");
  const mediaType = SIGNATURES.find(({ pattern }) => pattern.test(head))?.mediaType ?? null;
  return { kind: "image", mediaType, base64 };
}

/** Text alone stays text; empty text beside images is none. */
export function contentWith(text: string, images: readonly string[], field: string): string | readonly Part[] {
  if (images.length === 0) return text;
  const parts = images.map((image, index) => imagePart(image, `${field}[${index}]`));
  return text === "" ? parts : [{ kind: "text", text }, ...parts];
}
