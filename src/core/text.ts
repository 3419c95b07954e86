/** Unicode code points in well-formed UTF-16: code units less one for each surrogate pair. */
export function codePointCount(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800) count--;
  }
  return count;
}
