import type { SourceName } from "../model/file.ts";
import { nameOf, type PathText, splitExtension } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";

/** What the rules may look at: facts the inventory holds, nothing from the disk. */
export interface Copy {
  readonly source: SourceName;
  readonly path: PathText;
  readonly modified: EpochNs;
  /** Position of the source in the config: 0 is trusted most. */
  readonly sourceRank: number;
}

/** A rule as `keep.rules` names it. */
export type RuleName = keyof typeof ranks;

export interface Choice<C extends Copy = Copy> {
  readonly original: C;
  /** What decided: a rule's name, or one of "only copy", "name of no copy", "first path in order". */
  readonly because: string;
}

/** Lower is better; a rule looks at one copy alone, so that the order of copies cannot matter. */
const ranks = {
  "source-order": (copy: Copy) => copy.sourceRank,
  oldest: (copy: Copy) => copy.modified,
  newest: (copy: Copy) => -copy.modified,
  "shortest-path": (copy: Copy) => copy.path.length,
  "longest-path": (copy: Copy) => -copy.path.length,
  "shortest-name": (copy: Copy) => nameOf(copy.path).length,
  "longest-name": (copy: Copy) => -nameOf(copy.path).length,
} satisfies Record<string, (copy: Copy) => number | bigint>;

export const ruleNames = Object.keys(ranks) as readonly RuleName[];

export const defaultRules: readonly RuleName[] = ["source-order", "oldest", "shortest-path"];

/**
 * Chooses which of several equal files gives the archive entry its name and time.
 *
 * Each rule sees only the copies that the rules before it left tied. After the
 * last rule a name that no file manager gave to a copy wins, then the path that
 * sorts first, then the source: the same copies in any order, the same choice.
 */
export function chooseOriginal<C extends Copy>(
  copies: readonly [C, ...C[]],
  rules: readonly RuleName[] = defaultRules,
): Choice<C> {
  if (copies.length === 1) return { original: copies[0], because: "only copy" };
  let tied: readonly [C, ...C[]] = copies;
  for (const rule of rules) {
    tied = lowest(tied, ranks[rule]);
    if (tied.length === 1) return { original: tied[0], because: rule };
  }
  tied = lowest(tied, (copy) => (isNameOfCopy(nameOf(copy.path)) ? 1 : 0));
  if (tied.length === 1) return { original: tied[0], because: "name of no copy" };
  return { original: tied.reduce((a, b) => (comesBefore(b, a) ? b : a)), because: "first path in order" };
}

const before = [
  /^copy (?:\(?\d+\)? )?of /i,
  /^kopie (?:\(\d+\) )?von /i,
  /^copie (?:\(\d+\) )?de /i,
  /^copia (?:\(\d+\) )?d[ei] /i,
];
const behind = [
  /\(\d{1,4}\)$/, // browsers, Windows, Takeout
  /[ _-](?:copy|kopie|copie|copia)(?: ?\(?\d+\)?)?$/i, // Finder, Explorer
  /\((?:another |\d+(?:st|nd|rd|th) )?(?:copy|kopie|copie|copia)(?: \d+)?\)$/i, // file managers of Linux
  /~(?:\d{1,3}|[0-9a-f]{8,64})$/, // Android; an older archive of onefold
];

/** Whether a program made this name because the plain one was taken, as in "IMG (1).jpg" or "Kopie von IMG.jpg". */
export function isNameOfCopy(name: string): boolean {
  const [stem] = splitExtension(name);
  // Takeout writes "IMG.jpg(1)": there the mark ends the whole name.
  return before.some((mark) => mark.test(stem)) || behind.some((mark) => mark.test(stem) || mark.test(name));
}

function lowest<C extends Copy>(
  copies: readonly [C, ...C[]],
  rank: (copy: Copy) => number | bigint,
): readonly [C, ...C[]] {
  let best = rank(copies[0]);
  let winners: [C, ...C[]] = [copies[0]];
  for (const copy of copies.slice(1)) {
    const value = rank(copy);
    if (value > best) continue;
    if (value < best) winners = [copy];
    else winners.push(copy);
    best = value;
  }
  return winners;
}

function comesBefore(a: Copy, b: Copy): boolean {
  return a.path === b.path ? a.source < b.source : a.path < b.path;
}
