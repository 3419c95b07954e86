import type { ChatRequest, Part } from "../core/chat.ts";
import { isJsonObject } from "../core/json.ts";

/** The names that protocols and servers give to images. */
const IMAGE_FIELDS = new Set(["image", "images", "image_url", "image_data", "image_base64", "input_image"]);

/** Whether a model has to see for this request: images that the task carries, and those that only its body has. */
export function hasImages({ task, untranslated }: Pick<ChatRequest, "task" | "untranslated">): boolean {
  if (untranslated.some(namesImage)) return true;
  return (
    task.kind === "chat" && task.messages.some(({ content }) => typeof content !== "string" && content.some(isImage))
  );
}

/** Whether a name from `untranslated` such as `messages[0].images` is of images. */
export const namesImage = (name: string): boolean => name.split(/[.[\]]+/).some((step) => IMAGE_FIELDS.has(step));

/** An image behind a URL is no part of the task, and neither is one in a part of another protocol's kind. */
function isImage(part: Part): boolean {
  if (part.kind !== "other") return part.kind === "image";
  const { original } = part;
  if (!isJsonObject(original)) return false;
  const { type } = original;
  return (
    (typeof type === "string" && IMAGE_FIELDS.has(type)) || Object.keys(original).some((key) => IMAGE_FIELDS.has(key))
  );
}
