import type { DedicatedSession, Session } from "../inventory/database.ts";
import {
  addOccupants,
  addPlacements,
  archiveFolders,
  beginPlacements,
  type Candidate,
  hashOfFile,
  namesIn,
  type OccupantRow,
  occupantsAt,
  wantedPlaces,
} from "../inventory/placements.ts";
import type { Hash } from "../model/file.ts";
import { folderOf, joinPath, nameOf, type PathText } from "../model/path.ts";
import { nameInCompany, stemOf } from "../plan/company.ts";
import { foldedKey, foldedPath } from "../plan/names.ts";
import { type Settled, settleAsking, type Wanted } from "../plan/settle.ts";
import type { App } from "./context.ts";
import type { Target } from "./targets.ts";

/** Contents settled in one go: whole groups, enough to make the questions to the inventory rare. */
const chunk = 2_000;

/**
 * Gives every decided content a free path in the archive: none that stands there, none that the plan
 * gave away before, on any system that reads names without regard to case or Unicode form.
 *
 * @param hashNow Reads a file whose name needs its hash; null if it cannot be read (and is listed).
 */
export async function settlePlaces(
  app: App,
  session: DedicatedSession,
  archive: Target,
  hashNow: (fileId: number) => Promise<void>,
): Promise<void> {
  const phase = app.progress.begin("finding places");
  await beginPlacements(session);
  await session.transaction(async (db) => {
    const occupancy = new Occupancy(db);
    await occupancy.loadFolders(archive.id);
    let group: Candidate[] = [];
    const settleGroup = async () => {
      const now = group;
      group = [];
      await settleChunk(db, now, occupancy, hashNow);
      phase.add({ files: now.length });
    };
    for await (const batch of wantedPlaces(db)) {
      if (app.signal.aborted) return;
      for (const candidate of batch) {
        if (group.length >= chunk && candidate.mainContent === null) await settleGroup();
        group.push(candidate);
      }
    }
    if (group.length > 0) await settleGroup();
  });
  phase.end();
}

async function settleChunk(
  db: Session,
  candidates: readonly Candidate[],
  occupancy: Occupancy,
  hashNow: (fileId: number) => Promise<void>,
): Promise<void> {
  const hashes = new Map<string, Hash | null>(candidates.map(({ content, hash }) => [content, hash]));
  const given = wantedOf(candidates);
  const ask = (paths: readonly string[]) => occupancy.ask(paths);
  const wanted = () => given.map(({ want, lead }) => ({ ...want, hash8Of: hashes.get(lead.content) ?? null }));
  let settled = await settleAsking(wanted(), ask);
  const missing = new Set(settled.flatMap((one) => ("needsHash" in one ? given[one.key]?.lead : undefined) ?? []));
  if (missing.size > 0) {
    for (const lead of missing) {
      await hashNow(lead.original);
      hashes.set(lead.content, await hashOfFile(db, lead.original));
    }
    settled = await settleAsking(wanted(), ask);
  }
  const placed = settled.filter((one): one is Exclude<Settled, { needsHash: true }> => "path" in one);
  const placements = placed.map(({ key, path, because }) => ({
    content: given[key]?.candidate.content ?? "",
    path,
    because,
  }));
  await addPlacements(db, placements);
  await occupancy.add(placed.map(({ path }) => path));
}

interface Given {
  readonly candidate: Candidate;
  /** Whose hash marks the name: the main of a group, else the candidate itself. */
  readonly lead: Candidate;
  readonly want: Omit<Wanted, "hash8Of">;
}

/** Turns candidates into wanted paths: members of a group follow their main's name. */
function wantedOf(candidates: readonly Candidate[]): Given[] {
  let main: { candidate: Candidate; group: number; names: Set<string> } | null = null;
  return candidates.map((candidate, key): Given => {
    const { mainContent, mainName, mainPath, name } = candidate;
    if (mainContent !== null && mainName !== null && main?.candidate.content === mainContent) {
      const path = joinPath(folderOf(main.candidate.path), nameInCompany(name, mainName, main.candidate.path));
      const folded = foldedKey(nameOf(path));
      // Two sidecars of one name for one content: the second goes by its own hash.
      if (main.names.has(folded)) return { candidate, lead: candidate, want: { key, path } };
      main.names.add(folded);
      const stem = stemOf(main.candidate.path);
      const shared = nameOf(path).startsWith(stem) ? { stem } : {};
      return { candidate, lead: main.candidate, want: { key, path, group: main.group, ...shared } };
    }
    if (mainPath !== null && mainName !== null) {
      const path = joinPath(folderOf(mainPath), nameInCompany(name, mainName, mainPath));
      return { candidate, lead: candidate, want: { key, path } };
    }
    main = { candidate, group: key, names: new Set([foldedKey(nameOf(candidate.path))]) };
    return {
      candidate,
      lead: candidate,
      want: { key, path: candidate.path, group: key, stem: stemOf(candidate.path) },
    };
  });
}

/** What stands in the archive or was given away, looked up by folded path in the session's tables. */
class Occupancy {
  readonly #db: Session;
  /** Folded folders whose files are in the table. */
  readonly #loaded = new Set<string>();
  /** Folded folders that are in the table. */
  #folders = new Set<string>();

  constructor(db: Session) {
    this.#db = db;
  }

  async loadFolders(archiveId: number): Promise<void> {
    for await (const batch of archiveFolders(this.#db, archiveId)) {
      const rows = batch.map(({ id, path }) => folderRow(path, id));
      await addOccupants(this.#db, [...rows, ...this.#ancestors(batch.map(({ path }) => path))]);
    }
  }

  async ask(paths: readonly string[]): Promise<ReadonlyMap<string, OccupantRow>> {
    await this.#loadFiles(paths);
    const rows = await occupantsAt(this.#db, paths);
    return new Map(rows.map((row) => [row.folded, row]));
  }

  async add(paths: readonly PathText[]): Promise<void> {
    const files = paths.map((path): OccupantRow => ({ folded: foldedPath(path), kind: "file", path, folderId: null }));
    await addOccupants(this.#db, [...files, ...this.#ancestors(paths)]);
  }

  async #loadFiles(paths: readonly string[]): Promise<void> {
    const parents = [...new Set(paths.map((path) => folderOf(path as PathText)))].filter(
      (path) => !this.#loaded.has(path),
    );
    for (const path of parents) this.#loaded.add(path);
    const folders = (await occupantsAt(this.#db, parents)).filter(({ folderId }) => folderId !== null);
    const foldedById = new Map(folders.map(({ folderId, folded }) => [folderId, folded]));
    const ids = folders.flatMap(({ folderId }) => folderId ?? []);
    if (ids.length === 0) return;
    for await (const batch of namesIn(this.#db, ids)) {
      await addOccupants(
        this.#db,
        batch.map(({ folderId, name }) => ({
          folded: joinPath(foldedById.get(folderId) ?? "", foldedKey(name)),
          kind: "file",
          path: name,
          folderId: null,
        })),
      );
    }
  }

  #ancestors(paths: readonly PathText[]): OccupantRow[] {
    if (this.#folders.size > 100_000) this.#folders = new Set();
    const rows: OccupantRow[] = [];
    for (const path of paths) {
      for (let folder = folderOf(path); folder !== ""; folder = folderOf(folder)) {
        const row = folderRow(folder, null);
        if (this.#folders.has(row.folded)) break;
        this.#folders.add(row.folded);
        rows.push(row);
      }
    }
    return rows;
  }
}

function folderRow(path: PathText, folderId: number | null): OccupantRow {
  return { folded: foldedPath(path), kind: "folder", path, folderId };
}
