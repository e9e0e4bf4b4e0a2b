import { readdir } from "node:fs/promises";
import { readJournal } from "../archive/read-journal.ts";
import { sql } from "../inventory/database.ts";
import { joinPath, type PathText } from "../model/path.ts";
import { filesIn, type Household, type Snapshot, snapshot } from "./household.ts";
import { brokenPromises } from "./promises.ts";
import { isJunk, type Story } from "./stories.ts";

/** Of every file of an archive, but for our own: what it holds, its time, its mode, and what it is a hard link of. */
export type Picture = ReadonlyMap<PathText, string>;

/** What must be there in the end; `ending` is null where it is not foreseen. */
export interface Expected {
  readonly story: Story;
  readonly ending: Picture | null;
}

/** What in the archive is not as it must be once all is good. */
export async function wrongEnding(home: Household, { story, ending }: Expected): Promise<string[]> {
  const now = await pictureOf(home);
  const then = ending ?? now;
  const paths = [...new Set([...then.keys(), ...now.keys()])];
  return [
    ...paths
      .filter((path) => then.get(path) !== now.get(path))
      .map((path) => `${path} is ${now.get(path) ?? "missing"}, not ${then.get(path) ?? "missing"}`),
    ...(await unreadableJournals(home)),
    ...(story.archivesAll ? await brokenPromises(home, isJunk) : []),
  ];
}

/** Whatever happened, no file of the archive holds anything but what a source holds, or the archive held before. */
export async function wrongContents(home: Household, held: ReadonlySet<string>): Promise<string[]> {
  const known = new Set([...held, ...[...(await sourcesOf(home)).values()].map(({ content }) => content)]);
  return filesIn(await snapshot(home.path("archive")))
    .filter(([path, { content }]) => !isOurs(path) && !known.has(content))
    .map(([path]) => `${path} holds what was nowhere before`);
}

/** SHA-256 of all that an archive holds. */
export async function contentsOf(home: Household): Promise<ReadonlySet<string>> {
  return new Set(filesIn(await snapshot(home.path("archive"))).map(([, { content }]) => content));
}

/** Whatever could not be seen, no file that is there counts as gone. */
export async function wronglyGone(home: Household): Promise<string[]> {
  const gone = await home.database.query<{ path: string }>(sql`
    select concat_ws('/', source.name, nullif(folder.path, ''), file.name) as path
    from file join folder on folder.id = folder_id join source on source.id = source_id
    where gone_at is not null and kind = 'source'`);
  const there = await sourcesOf(home);
  return gone.filter(({ path }) => there.has(path as PathText)).map(({ path }) => `${path} counts as gone`);
}

async function unreadableJournals(home: Household): Promise<string[]> {
  const folder = home.path("archive/.onefold/journal");
  const wrong: string[] = [];
  for (const name of await readdir(folder)) {
    try {
      for await (const _record of readJournal(joinPath(folder, name)));
    } catch (error) {
      wrong.push(`the journal ${name}: ${error}`);
    }
  }
  return wrong;
}

/** What an archive looks like. */
export async function pictureOf(home: Household): Promise<Picture> {
  const all = await snapshot(home.path("archive"));
  const firsts = new Map<bigint, PathText>();
  const picture = new Map<PathText, string>();
  for (const [path, { kind, mode, modifiedNs, inode, content }] of all) {
    if (kind !== "file" || isOurs(path)) continue;
    const first = firsts.get(inode) ?? path;
    firsts.set(inode, first);
    picture.set(path, `${content.slice(0, 8)} of ${modifiedNs}, mode ${mode.toString(8)}, linked with ${first}`);
  }
  return picture;
}

/** Everything in all sources. */
export async function sourcesOf(home: Household): Promise<Snapshot> {
  const all = await Promise.all(
    home.sources.map(async (name) =>
      [...(await snapshot(home.path(name)))].map(([path, one]) => [joinPath(name, path), one] as const),
    ),
  );
  return new Map(all.flat());
}

/** What differs, but for folders in which our lock, our journal and our probes come and go. */
export function changes(before: Snapshot, after: Snapshot): PathText[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  const look = (all: Snapshot, path: PathText) => JSON.stringify(Object.values(all.get(path) ?? {}).map(String));
  return paths.filter((path) => {
    return ![".onefold", ".onefold/tmp"].includes(path) && look(before, path) !== look(after, path);
  });
}

function isOurs(path: PathText): boolean {
  return path.startsWith(".onefold/");
}
