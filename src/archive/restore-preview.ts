import { systemCode } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import { PinnedFolders } from "./pinned-folder.ts";
import { isSame } from "./place-file.ts";
import type { IntendedReclaim } from "./reclaim-records.ts";
import { type Taken, type TakenJob, takenBy } from "./restore-reclaimed.ts";
import { Trouble } from "./trouble.ts";

/**
 * What `restoreReclaimed` would bring back, as the source stands in this moment, batch by batch. Looks, and reads no
 * file: whether the archive still holds the content of what left the quarantine shows only in earnest.
 *
 * @throws AppError JOURNAL_DAMAGED; NodeJS.ErrnoException if the journal is not there
 */
export async function* previewRestore(job: TakenJob): AsyncGenerator<IntendedReclaim[], void, undefined> {
  const called = `source "${job.source.name}"`;
  for await (const batch of takenBy(job)) {
    using source = new PinnedFolders(job.source.root, called);
    using archive = new PinnedFolders(job.archive.root);
    const away = batch.filter((taken) => {
      const isGone = isAway(taken, source, archive);
      source.settle();
      archive.settle();
      return isGone;
    });
    yield away.map(({ operation }) => operation);
  }
}

function isAway({ operation, result }: Taken, source: PinnedFolders, archive: PinnedFolders): boolean {
  const { how, from, aside, existing } = operation;
  const place = find(source, from.path);
  if (how === "hard-link") {
    const entry = find(archive, existing);
    return place !== null && entry !== null && isSame(entry, place);
  }
  const wasTaken = result === null || result.outcome === "reclaimed";
  return place === null && (wasTaken || find(source, aside) !== null);
}

/** null: nothing is there, or nothing that can be looked at. */
function find(folders: PinnedFolders, path: PathText) {
  try {
    return folders.look(path);
  } catch (error) {
    if (!(error instanceof Trouble) && systemCode(error) === null) throw error;
    return null;
  }
}
