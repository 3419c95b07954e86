import { DETECTORS } from "./detectors/all.ts";

/** Every code that the built-in detectors give: those of evasions, markings, personal data and secrets. */
export const detectorCodes = (): ReadonlySet<string> => new Set(DETECTORS.flatMap(({ codes }) => codes));
