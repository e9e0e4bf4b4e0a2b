import type { DedicatedSession } from "../inventory/database.ts";
import {
  addDecisions,
  beginDecisions,
  type CopyRow,
  copiesByContent,
  type Decision,
  endDecisions,
} from "../inventory/decisions.ts";
import { categoryOf } from "../model/category.ts";
import type { Captured, DateCandidate } from "../model/evidence.ts";
import { folderOf, nameOf, type PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { folderDates } from "../photos/folder-date.ts";
import { nameDates } from "../photos/name-date.ts";
import { chooseCaptured } from "../plan/captured.ts";
import { place } from "../plan/layout.ts";
import { chooseOriginal } from "../plan/original.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

/**
 * Decides for every content that the archive does not hold which copy is its original, when it
 * was captured, and where it would like to be. Leaves the decisions in the session.
 */
export async function decide(app: App, session: DedicatedSession, archive: Target): Promise<void> {
  const now = (BigInt(app.now().getTime()) * 1_000_000n) as EpochNs;
  const deciding: Deciding = { app, now, datesOfFolder: remembering(folderDates) };
  const phase = app.progress.begin("deciding");
  await beginDecisions(session);
  await session.transaction(async (db) => {
    let held: CopyRow[] = [];
    for await (const batch of copiesByContent(db)) {
      if (app.signal.aborted) return;
      const decisions: Decision[] = [];
      for (const copy of batch) {
        const [first] = held;
        if (first !== undefined && first.content !== copy.content) {
          decisions.push(decideOne(held, deciding));
          held = [];
        }
        held.push(copy);
      }
      phase.add({ files: batch.length });
      await addDecisions(db, decisions);
    }
    if (held.length > 0) await addDecisions(db, [decideOne(held, deciding)]);
  });
  await endDecisions(session, archive.id);
  phase.end();
}

interface Deciding {
  readonly app: App;
  readonly now: EpochNs;
  /** See {@link folderDates}. */
  readonly datesOfFolder: (folder: PathText) => readonly DateCandidate[];
}

function decideOne(copies: readonly CopyRow[], deciding: Deciding): Decision {
  const { config } = deciding.app;
  const [first, ...others] = copies.map((copy) => ({ ...copy, sourceRank: copy.rank }));
  if (first === undefined) throw new Error("a content without a copy");
  const { original, because } = chooseOriginal([first, ...others], config.keep.rules);
  const category = categoryOf(nameOf(original.path));
  const captured = category === "photo" || category === "video" ? capturedAt(copies, category, deciding) : null;
  const path = place(config.archive.layout[category], {
    at: captured?.at ?? null,
    name: nameOf(original.path),
    dir: folderOf(original.path),
    source: original.source,
    category,
  });
  return { content: original.content, original: original.id, because, captured, path };
}

function capturedAt(
  copies: readonly CopyRow[],
  category: "photo" | "video",
  { now, datesOfFolder }: Deciding,
): Captured {
  const evidence = copies.map((copy) => ({
    path: copy.path,
    modified: copy.modified,
    embedded: copy.embedded,
    nameDates: nameDates(nameOf(copy.path)),
    folderDates: datesOfFolder(folderOf(copy.path)),
    sidecars: copy.sidecars ?? [],
    siblings: copy.sibling === null ? [] : [copy.sibling],
  }));
  return chooseCaptured(evidence, { now, category });
}

const mostRemembered = 10_000;

/** Thousands of photos lie in one folder, and contents come in no order that has to do with folders. */
function remembering<Answer>(ask: (folder: PathText) => Answer): (folder: PathText) => Answer {
  const answers = new Map<PathText, Answer>();
  return (folder) => {
    const known = answers.get(folder);
    if (known !== undefined) return known;
    if (answers.size >= mostRemembered) answers.clear();
    const answer = ask(folder);
    answers.set(folder, answer);
    return answer;
  };
}
