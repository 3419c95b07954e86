import { ID, type ScanFault } from "./scan-fault.ts";
import { foldKeyword } from "./views/fold.ts";

/** Words of one signal of a policy, kept apart from those of the others. */
export type KeywordList = {
  /** Its findings have the code `keyword.<id>`. */
  readonly id: string;
  readonly keywords: readonly string[];
};

/** Lists and keywords are counted from 1. */
export function faultsOfLists(lists: readonly KeywordList[]): readonly ScanFault[] {
  const first = new Map<string, number>();
  return lists.flatMap(({ id, keywords }, index): readonly ScanFault[] => {
    const position = index + 1;
    if (!ID.test(id)) {
      const needed = "needs an id of at most 64 lower-case letters, digits and _, a letter first.";
      return [{ message: `Keyword list ${position} ${needed}`, id: null }];
    }
    const known = first.get(id);
    if (known !== undefined) return [{ message: `Keyword lists ${known} and ${position} have the same id.`, id }];
    first.set(id, position);
    return keywords.flatMap((keyword, at) => (foldKeyword(keyword).length === 0 ? [emptyKeyword(id, at + 1)] : []));
  });
}

/** A word that nothing can match would look like protection. */
const emptyKeyword = (id: string, position: number): ScanFault => ({
  message: `Keyword ${position} of the list ${id} is nothing but white space or characters that nobody sees.`,
  id,
  part: "list",
});
