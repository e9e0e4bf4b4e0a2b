import { extensionOf } from "../model/category.ts";
import type { Evidence } from "../model/evidence.ts";
import { type FolderFile, FolderFiles, hasExtension, isMedia, type Tie } from "./folder-files.ts";
import {
  edits,
  fastFotoSides,
  livePairsById,
  livePairsByTakeout,
  livePairsByTime,
  rawWithPicture,
  splitMotionPhotos,
} from "./media-ties.ts";
import { sidecars } from "./sidecar-ties.ts";
import { type TakeoutPair, takeoutPairs } from "./takeout.ts";

const mostLenders = 16;

export type { FolderFile, Tie } from "./folder-files.ts";

/**
 * Tells which files of one folder belong together, so that they go to one place under one name.
 *
 * The same stem is not enough: counters of cameras repeat. Photos and videos need the same moment, to 1.5 seconds,
 * or an identifier; only sidecars are tied by name alone. Every member has one tie, and its main file is itself no
 * member. Does not depend on the order of the files; time grows with their number.
 *
 * @param files All files of one folder: up to 100,000 in about two seconds.
 */
export function companions(files: readonly FolderFile[]): Tie[] {
  const folder = new FolderFiles(files);
  const pairs = takeoutOf(folder);
  const ties = new Ties();
  ties.addAll(livePairsById(folder));
  ties.addAll(rawWithPicture(folder));
  ties.addAll(livePairsByTime(folder));
  ties.addAll(livePairsByTakeout(folder, pairs));
  ties.addAll(splitMotionPhotos(folder));
  ties.addAll(edits(folder, pairs));
  ties.addAll(fastFotoSides(folder));
  ties.addAll(
    pairs.flatMap(({ json, media: [main] }) => (main === undefined ? [] : [{ member: json, main, role: "takeout" }])),
  );
  ties.addAll(sidecars(folder, (key) => ties.mainOf(key)));
  return ties.resolved();
}

function takeoutOf(folder: FolderFiles): readonly TakeoutPair[] {
  const jsons = folder.all.filter(
    ({ name, evidence }) => extensionOf(name) === "json" && (evidence === null || evidence.type === "takeout"),
  );
  const media = folder.all.filter((file) => isMedia(file) || hasExtension(file, "mp", "mv"));
  return takeoutPairs(
    jsons.map(({ key, name, evidence }) => ({ key, name, title: evidence?.title })),
    media,
  );
}

/**
 * What the files of a group tell each other: the evidence of all others, at most 16 of them. So a JPEG is dated by the
 * XMP of its RAW, and an old AVI by its THM. Files without company are not in the result.
 */
export function lentEvidence(
  files: readonly FolderFile[],
  ties: readonly Tie[],
): ReadonlyMap<number, readonly Evidence[]> {
  const evidence = new Map(files.map((file) => [file.key, file.evidence]));
  const groups = new Map<number, number[]>();
  for (const { member, main } of ties) {
    const group = groups.get(main);
    if (group === undefined) groups.set(main, [main, member]);
    else group.push(member);
  }
  return new Map(
    [...groups.values()].flatMap((group) => {
      const lending = group.filter((key) => (evidence.get(key)?.dates.length ?? 0) > 0).slice(0, mostLenders);
      return group.map(
        (key) => [key, lending.filter((other) => other !== key).flatMap((other) => evidence.get(other) ?? [])] as const,
      );
    }),
  );
}

/** Grows tie by tie: the first word about a member stands, and no tie closes a circle. */
class Ties {
  readonly #byMember = new Map<number, Tie>();

  addAll(ties: Iterable<Tie>): void {
    for (const tie of ties) {
      const closesCircle = this.mainOf(tie.main) === tie.member;
      if (!this.#byMember.has(tie.member) && !closesCircle) this.#byMember.set(tie.member, tie);
    }
  }

  /** Where the chain from member to main ends; the file itself, if it is no member. */
  mainOf(key: number): number {
    let last = key;
    for (let tie = this.#byMember.get(last); tie !== undefined; tie = this.#byMember.get(last)) last = tie.main;
    return last;
  }

  resolved(): Tie[] {
    return [...this.#byMember.values()].map((tie) => ({ ...tie, main: this.mainOf(tie.main) }));
  }
}
