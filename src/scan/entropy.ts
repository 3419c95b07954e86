const counts = new Int32Array(65_536);

/** Shannon entropy of a text's own distribution of UTF-16 code units, bits a unit; 0 for the empty text. */
export function entropyOf(text: string): number {
  const { length } = text;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    counts[unit] = (counts[unit] ?? 0) + 1;
  }
  let entropy = 0;
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    const count = counts[unit] ?? 0;
    // Each unit is weighed once, and its counter is left as it was found.
    if (count > 0) entropy -= (count / length) * Math.log2(count / length);
    counts[unit] = 0;
  }
  return entropy;
}
