/**
 * What a tree to measure on consists of, decided by a seed alone: the same specification is the same tree, everywhere.
 *
 * Half of each tree lies below "one/", half below "two/"; some folders are hidden, and a file ".gitignore" names folders
 * that a finder which heeds it would leave out. So a finder that selects other files than asked gives itself away.
 */
import { dice, scramble } from "./dice.ts";

export type SizeRule =
  | {
      readonly kind: "lognormal";
      readonly median: number;
      readonly sigma: number;
      readonly least: number;
      readonly most: number;
    }
  | { readonly kind: "uniform"; readonly least: number; readonly most: number };

export interface TreeSpec {
  readonly name: string;
  readonly seed: number;
  readonly files: number;
  /** Of files with a content of their own. At least 16 bytes, without which contents would be equal by chance. */
  readonly size: SizeRule;
  /** The part of the files that are copies of others, 0 to 1. */
  readonly duplicates: number;
  /** The part that is as long as another one and begins like it, for {@link sharedHead} bytes. */
  readonly likeHeads: number;
  /** The part that are hard links to others. */
  readonly hardLinks: number;
  /** The part that take no space and whose sizes stand alone: what a scan only looks at. */
  readonly sparse: number;
  /** JPEGs with a date in them. */
  readonly photos: boolean;
}

/** Bytes. */
export const sharedHead = 65_536;

export interface PlannedFile {
  readonly index: number;
  /** Below the tree. */
  readonly path: string;
  readonly size: number;
  /** The file that first had this content; null for a sparse one. */
  readonly content: number | null;
  /** The file whose beginning this content has. */
  readonly headOf: number | null;
  /** The path of the file that this is a hard link to. */
  readonly linkTo: string | null;
}

/** What a finder has to find. Hard links count once. */
export interface Truth {
  readonly files: number;
  readonly hardLinks: number;
  readonly bytes: number;
  readonly groups: number;
  /** Copies, the first of each group left out. */
  readonly surplus: number;
  readonly surplusBytes: number;
  /** Of one file of each group: what is read twice by whoever learns too late that it was the first of several. */
  readonly originalBytes: number;
}

export const ignoreFile = { path: "one/.gitignore", text: "t000\nd00002\n" };

/** The files of a tree, in order. About 1 µs each. */
export function* plannedFiles(spec: TreeSpec): Generator<PlannedFile> {
  const roll = dice(spec.seed);
  const originals: number[] = [];
  const sizes: number[] = [];
  const large: number[] = [];
  const copiesFrom = spec.sparse;
  const linksFrom = copiesFrom + spec.duplicates;
  const likeFrom = linksFrom + spec.hardLinks;
  for (let index = 0; index < spec.files; index++) {
    const [kind, which, length] = [roll(), roll(), sizeFrom(spec.size, roll)];
    const path = pathOf(index, spec);
    const earlier = Math.floor(which * originals.length);
    const [original, size] = [originals[earlier], sizes[earlier]];
    const like = large[Math.floor(which * large.length)];
    const own = { index, path, size: length, content: index, headOf: null, linkTo: null };
    if (kind < copiesFrom) {
      // Longer than any other, and each as nobody else.
      yield { ...own, size: 1_000_000 + index, content: null };
    } else if (original !== undefined && size !== undefined && kind < linksFrom) {
      yield { ...own, size, content: original };
    } else if (original !== undefined && size !== undefined && kind < likeFrom) {
      yield { ...own, size, content: original, linkTo: pathOf(original, spec) };
    } else if (like !== undefined && kind < likeFrom + spec.likeHeads) {
      yield { ...own, size: sizes[like] ?? length, headOf: originals[like] ?? null };
    } else {
      if (length > sharedHead + 64) large.push(originals.length);
      originals.push(index);
      sizes.push(length);
      yield own;
    }
  }
}

/** Goes through the whole plan. */
export function truthOf(spec: TreeSpec): Truth {
  const copies = new Uint16Array(spec.files);
  const truth = { files: 1, hardLinks: 0, bytes: ignoreFile.text.length };
  const found = { groups: 0, surplus: 0, surplusBytes: 0, originalBytes: 0 };
  for (const { size, content, linkTo } of plannedFiles(spec)) {
    if (linkTo !== null) {
      truth.hardLinks += 1;
      continue;
    }
    truth.files += 1;
    truth.bytes += size;
    if (content === null) continue;
    const before = copies[content] ?? 0;
    copies[content] = before + 1;
    if (before === 0) continue;
    found.surplus += 1;
    found.surplusBytes += size;
    if (before > 1) continue;
    found.groups += 1;
    found.originalBytes += size;
  }
  return { ...truth, ...found };
}

/** One path for each content, in order: what a good copy of the tree consists of. */
export function uniquePaths(spec: TreeSpec): string[] {
  const paths = [ignoreFile.path];
  for (const { index, content, path } of plannedFiles(spec)) {
    if (content === null || content === index) paths.push(path);
  }
  return paths;
}

/** Files come by hundreds to a folder, folders by hundreds to another. */
function pathOf(index: number, { photos, seed }: TreeSpec): string {
  const folder = Math.floor(index / 100);
  const hidden = scramble(seed, folder) < 0.03 ? "." : "";
  const top = `${folder % 2 === 0 ? "one" : "two"}/t${digits(Math.floor(folder / 100), 3)}`;
  return `${top}/${hidden}d${digits(folder, 5)}/f${digits(index, 8)}.${photos ? "jpg" : "dat"}`;
}

function sizeFrom(rule: SizeRule, roll: () => number): number {
  const [first, second] = [roll(), roll()];
  if (rule.kind === "uniform") return rule.least + Math.floor(first * (rule.most - rule.least + 1));
  const normal = Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
  return Math.round(Math.min(rule.most, Math.max(rule.least, rule.median * Math.exp(rule.sigma * normal))));
}

function digits(number: number, count: number): string {
  return number.toString().padStart(count, "0");
}
