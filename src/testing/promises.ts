import { readdir } from "node:fs/promises";
import { folderOf, joinPath, nameOf, type PathText } from "../model/path.ts";
import { filesIn, type Household, type Snapped, snapshot } from "./household.ts";

/** What is looked at. */
type Promised = Pick<Household, "path" | "sources">;

/**
 * What must hold after every complete run, and does not: a sentence each.
 *
 * @param isJunk Files that are left out of the archive.
 */
export async function brokenPromises(home: Promised, isJunk = (_path: PathText) => false): Promise<string[]> {
  const archive = filesIn(await snapshot(home.path("archive")));
  const layout = archive.filter(([path]) => !isPrivate(path) && !path.startsWith("by-source/"));
  const broken = await leftovers(home);
  const entries = new Map<string, readonly [PathText, Snapped]>();
  for (const [path, file] of layout) {
    const other = entries.get(file.content);
    if (other !== undefined) broken.push(`${path} and ${other[0]} are two entries of one content`);
    entries.set(file.content, [path, file]);
  }
  const mirror = new Map(archive.filter(([path]) => path.startsWith("by-source/")));
  for (const source of home.sources) {
    const copies = filesIn(await snapshot(home.path(source))).filter(([path]) => !isJunk(path));
    for (const [path, file] of copies) {
      const entry = entries.get(file.content);
      if (entry === undefined) broken.push(`${source}/${path} is not in the archive`);
      else if (!isLinked(mirror, joinPath("by-source", source, path), entry[1])) {
        broken.push(`${source}/${path} has no link of ${entry[0]} below by-source/`);
      }
    }
  }
  return broken;
}

/** Whether the file's own path, or that with a mark, is a link of the entry. */
function isLinked(mirror: ReadonlyMap<PathText, Snapped>, wanted: PathText, { inode }: Snapped): boolean {
  if (mirror.get(wanted)?.inode === inode) return true;
  const [stem = ""] = nameOf(wanted).split(".");
  return [...mirror].some(([path, file]) => {
    return file.inode === inode && folderOf(path) === folderOf(wanted) && nameOf(path).startsWith(`${stem}~`);
  });
}

async function leftovers(home: Promised): Promise<string[]> {
  const own = await readdir(home.path("archive/.onefold"));
  const temporary = await readdir(home.path("archive/.onefold/tmp"));
  return [
    ...temporary.map((name) => `${name} was left in .onefold/tmp`),
    ...own
      .filter((name) => !["archive.json", "journal", "tmp"].includes(name))
      .map((name) => `.onefold/${name} was left`),
  ];
}

function isPrivate(path: PathText): boolean {
  return path.startsWith(".onefold/");
}
