import type { Features } from "../core/features.ts";
import { recordFeatures } from "../core/recorded-features.ts";
import type { FeaturesBody } from "./schemas/audit.ts";

/** What a decision depended on, in the API's words. */
export function featuresBody(features: Features): FeaturesBody {
  const { signals, offered_by, labels, ...others } = recordFeatures(features);
  return { ...others, signals: [...signals], offered_by: [...offered_by], labels: { ...labels } };
}
