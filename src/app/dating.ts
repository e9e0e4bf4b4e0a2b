import type { DedicatedSession } from "../inventory/database.ts";
import { poolEvidence, recordEvidence, type Undated, undatedContents } from "../inventory/evidence.ts";
import { addProblems } from "../inventory/problems.ts";
import { addTies, beginTies, endTies, foldersOfNewcomers, type Guess, type Neighbour } from "../inventory/ties.ts";
import { categoryOf, datedSidecarExtensions, mediaExtensions } from "../model/category.ts";
import type { Evidence } from "../model/evidence.ts";
import { joinPath } from "../model/path.ts";
import { companions, type FolderFile, lentEvidence, type Tie } from "../photos/companions.ts";
import { type EvidenceRequest, type EvidenceResult, readEvidence, silent } from "../photos/read.ts";
import { siblingDates } from "../photos/siblings.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";
import { evidenceThreads } from "./threads.ts";
import { describeTrouble } from "./trouble.ts";

/** A larger XMP or JSON file is no sidecar. */
const maxSidecarBytes = 1 << 20;
const resultsPerWrite = 1_000;

/** Files whose metadata needed exiftool, which could not be asked; the first says why. */
export interface Unread {
  readonly files: number;
  readonly because: string;
}

export interface Dated {
  readonly files: number;
  readonly bytesRead: number;
  readonly unreadable: number;
  readonly unread: Unread | null;
}

/**
 * Reads what photos, videos and their sidecars say about their capture: once for each content
 * that the archive does not hold, and never again. Leaves the evidence pooled in the session.
 */
export async function readNewEvidence(
  app: App,
  session: DedicatedSession,
  sources: readonly Target[],
  runId: string,
): Promise<Dated> {
  const phase = app.progress.begin("reading dates");
  const total = { files: 0, bytesRead: 0, unreadable: 0, unread: 0, because: "" };
  const asked = new Map<number, Undated>();
  await using writing = await app.db.session();
  let read: { id: number; evidence: Evidence }[] = [];
  let written: Promise<void> = Promise.resolve();
  /** Some are written while the next are read. */
  const write = async () => {
    await written;
    written = recordEvidence(writing, read);
    // Whoever awaits it hears of it.
    written.catch(() => undefined);
    read = [];
  };
  try {
    for await (const result of readEvidence(requests(app, session, sources, asked), evidenceThreads(app, sources))) {
      const file = asked.get(result.id);
      asked.delete(result.id);
      total.files++;
      total.bytesRead += result.bytesRead;
      phase.add({ files: 1, bytes: result.bytesRead });
      if ("evidence" in result) {
        read.push({ id: result.id, evidence: result.evidence });
        if (result.unread !== undefined && total.unread++ === 0) total.because = result.unread;
      } else if (file !== undefined) {
        total.unreadable++;
        await hearUnreadable(app, { runId, sources }, file, result);
      }
      if (read.length >= resultsPerWrite) await write();
    }
    await write();
  } finally {
    await written;
  }
  phase.end();
  await poolEvidence(session);
  const { unread, because, ...dated } = total;
  return { ...dated, unread: unread === 0 ? null : { files: unread, because } };
}

async function* requests(
  app: App,
  session: DedicatedSession,
  sources: readonly Target[],
  asked: Map<number, Undated>,
): AsyncGenerator<EvidenceRequest, void, undefined> {
  const roots = new Map(sources.map(({ name, root }) => [name, root]));
  const lost = (name: string) => sources.some((one) => one.name === name && one.watch.lost !== null);
  const extensions = { media: mediaExtensions, sidecars: datedSidecarExtensions };
  for await (const batch of undatedContents(session, extensions, maxSidecarBytes)) {
    for (const file of batch) {
      const root = roots.get(file.source);
      if (app.signal.aborted || root === undefined) return;
      if (lost(file.source)) continue;
      asked.set(file.id, file);
      const { id, name, size } = file;
      const path = joinPath(root, file.path);
      yield { id, source: file.source, path, name, size, category: categoryOf(name) };
    }
  }
}

async function hearUnreadable(
  app: App,
  { runId, sources }: { readonly runId: string; readonly sources: readonly Target[] },
  { source, path }: Undated,
  { unreadable, message }: Extract<EvidenceResult, { unreadable: string }>,
): Promise<void> {
  const watch = sources.find(({ name }) => name === source)?.watch;
  if (unreadable === silent) return watch?.lose(message);
  const listed = await watch?.hear([{ code: unreadable }]);
  if (listed?.length === 0) return;
  await addProblems(app.db, runId, [{ source, path, code: unreadable, message: describeTrouble(unreadable) }]);
}

/**
 * Finds which files keep each other company, folder by folder, and what files without a date
 * learn from their neighbours. Leaves both in the session. Memory: one folder at a time.
 */
export async function tieCompanions(app: App, session: DedicatedSession): Promise<void> {
  const phase = app.progress.begin("finding companions");
  await beginTies(session);
  await session.transaction(async (db) => {
    let folder: Neighbour[] = [];
    const look = async () => {
      const files = folder.map(({ id, name, modified, evidence }) => {
        return { key: id, name, category: categoryOf(name), modified, evidence };
      });
      folder = [];
      const ties = companions(files);
      await addTies(db, ties, guesses(files, ties));
      phase.add({ files: files.length });
    };
    for await (const batch of foldersOfNewcomers(db)) {
      if (app.signal.aborted) return;
      for (const file of batch) {
        if (folder.length > 0 && folder[0]?.folderId !== file.folderId) await look();
        folder.push(file);
      }
    }
    if (folder.length > 0) await look();
  });
  await endTies(session);
  phase.end();
}

function guesses(files: readonly FolderFile[], ties: readonly Tie[]): Guess[] {
  const lent = lentEvidence(files, ties);
  const siblings = siblingDates(files);
  const ids = new Set([...lent.keys(), ...siblings.keys()]);
  return [...ids].map((id) => ({ id, lent: lent.get(id) ?? [], sibling: siblings.get(id) ?? null }));
}
