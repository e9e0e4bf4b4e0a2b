import type { JournalBegin } from "../archive/journal-records.ts";
import { readMarker } from "../archive/marker.ts";
import { AppError, ExitCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";

/** A journal that was carried here from another archive tells nothing about this one. */
export async function refuseOtherArchive(root: PathText, begin: JournalBegin | null): Promise<void> {
  const marker = await readMarker(root);
  if (begin === null || marker === null || begin.archive === marker.id) return;
  throw new AppError(
    "JOURNAL_OF_OTHER_ARCHIVE",
    ExitCode.refused,
    `the journal of ${begin.run} is not of this archive`,
    {
      hint: `It belongs to the archive ${begin.archive}; see .onefold/archive.json of each.`,
    },
  );
}
