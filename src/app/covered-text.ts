import type { PathText } from "../model/path.ts";
import type { PassedOver } from "../sources/walk.ts";
import { describeTrouble } from "./trouble.ts";

/** Why nothing that is passed over is covered. */
export const codesBeside: Readonly<Record<PassedOver["kind"], string>> = {
  excluded: "EXCLUDED",
  link: "SYMBOLIC_LINK",
  other: "NOT_A_FILE",
  private: "PRIVATE_FOLDER",
};

/** The bytes on one of the two sides are not what was recorded. */
export const rotCodes = ["CONTENT_CHANGED", "ENTRY_DAMAGED", "ENTRY_EDITED"] as const;

const reasons: Readonly<Record<string, (entry: PathText | null) => string>> = {
  NEW_SINCE_SCAN: () => "not known: new since the last scan",
  CHANGED_SINCE_SCAN: () => "changed since the last scan",
  NOT_ARCHIVED: () => "its content is not in the archive",
  CONTENT_CHANGED: () =>
    "its content is not what was recorded, though its size and time are: suspect its disk or memory",
  OWN_FILE: (entry) => `it is the archive's own file ${entry}: there is no second copy`,
  ENTRY_GONE: (entry) => `its entry ${entry} is not on the disk any more`,
  ENTRY_CHANGED: (entry) => `its entry ${entry} is not the file that was recorded`,
  ENTRY_UNREADABLE: (entry) => `its entry ${entry} cannot be read`,
  ENTRY_DAMAGED: (entry) => `the content of its entry ${entry} is not what was recorded`,
  ENTRY_EDITED: (entry) => `somebody wrote to its entry ${entry}`,
  EXCLUDED: () => "excluded by the config",
  SYMBOLIC_LINK: () => "not archived: a symbolic link",
  NOT_A_FILE: () => "not archived: not an ordinary file",
  PRIVATE_FOLDER: () => "not archived: the records of an archive of onefold",
};

/** Why something is not covered, as the end of a sentence about it. */
export function describeMissing(code: string, entry: PathText | null): string {
  const known = reasons[code]?.(entry);
  if (known !== undefined) return known;
  return entry === null ? describeTrouble(code) : `its entry ${entry}: ${describeTrouble(code)}`;
}
