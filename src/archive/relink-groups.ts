import type { EqualFile } from "../inventory/relinkable.ts";
import type { Hash } from "../model/file.ts";
import type { PathText } from "../model/path.ts";
import type { LookResult, RelinkResult } from "./relink-batch.ts";
import type { Retimed } from "./relink-kept.ts";
import type { Standing } from "./standing.ts";
import type { Failure, Stop } from "./trouble.ts";

/** A file of the archive that is to become a hard link of another one. */
export interface PlannedLink {
  readonly file: EqualFile;
  readonly standing: Standing;
  readonly kept: Standing;
  /** Why that one is kept. */
  readonly because: string;
  /** The same for all links of one content. */
  readonly group: Group;
}

/** A file that was left alone, and why. */
export interface LeftAlone extends Pick<Failure, "code" | "message"> {
  readonly path: PathText;
}

export interface Looked {
  readonly file: EqualFile;
  readonly look: Exclude<LookResult, Stop>;
}

/** A content of several inodes. */
export interface Group {
  readonly hash: Hash;
}

interface KnownGroup extends Group {
  kept: { readonly file: EqualFile; readonly standing: Standing } | null;
}

/** Decides which files become links of which: of every content the first file that is as it was recorded is kept. */
export class Groups {
  readonly #groups = new Map<Hash, KnownGroup>();
  #last: KnownGroup | null = null;

  /** @param looked In the order of `equalFiles`; a content may go on in the next call. */
  plan(looked: readonly Looked[]): { links: PlannedLink[]; leftAlone: LeftAlone[] } {
    const links: PlannedLink[] = [];
    const leftAlone: LeftAlone[] = [];
    for (const { file, look } of looked) {
      const group = this.#groupOf(file.hash);
      if (look.kind === "failed") leftAlone.push({ path: file.path, code: look.code, message: look.message });
      else if (isSameInode(look.standing, group.kept?.standing)) continue;
      else if (!isAsRecorded(file, look.standing)) leftAlone.push(changed(file.path));
      else links.push(...linkTo(group, file, look.standing));
    }
    return { links, leftAlone };
  }

  /**
   * What is left to try of some links: where the kept file takes no more names, or is in trouble, the file that met
   * with that is kept from there on.
   *
   * @param results One for each link.
   */
  again(links: readonly PlannedLink[], results: readonly RelinkResult[]): PlannedLink[] {
    return links.flatMap(({ file, standing, group: { hash } }, n) => {
      const group = this.#groups.get(hash);
      const kind = results[n]?.kind;
      if (group === undefined) return [];
      if (kind === "full" || kind === "keptFailed") group.kept = { file, standing };
      return kind === "deferred" && !isSameInode(standing, group.kept?.standing) ? linkTo(group, file, standing) : [];
    });
  }

  /** Kept files have other times now. */
  retime(retimed: readonly Retimed[]): void {
    for (const { inode, modified } of retimed) {
      for (const group of this.#groups.values()) {
        if (group.kept?.standing.inode !== inode) continue;
        group.kept = { ...group.kept, standing: { ...group.kept.standing, modified } };
      }
    }
  }

  /** Only the last content can go on in what follows. */
  forgetAllButLast(): void {
    this.#groups.clear();
    if (this.#last !== null) this.#groups.set(this.#last.hash, this.#last);
  }

  #groupOf(hash: Hash): KnownGroup {
    const group = this.#groups.get(hash) ?? { hash, kept: null };
    this.#groups.set(hash, group);
    this.#last = group;
    return group;
  }
}

/** No link for the first file of a group: it is the one that is kept. */
function linkTo(group: KnownGroup, file: EqualFile, standing: Standing): PlannedLink[] {
  if (group.kept === null) {
    group.kept = { file, standing };
    return [];
  }
  return [{ file, standing, kept: group.kept.standing, because: keptBecause(group.kept.file, file), group }];
}

/** The first of the rules of `equalFiles` by which they differ. */
function keptBecause(kept: EqualFile, other: EqualFile): string {
  if (kept.isEntry) return "entry";
  if ((kept.names ?? 1) > (other.names ?? 1)) return "more links";
  return kept.modified < other.modified ? "older" : "first path in order";
}

function isAsRecorded({ size, modified, inode }: EqualFile, standing: Standing): boolean {
  const isInode = inode === null || inode === BigInt.asIntN(64, standing.inode);
  return isInode && size === standing.size && modified === standing.modified;
}

function isSameInode(a: Standing, b: Standing | undefined): boolean {
  return b !== undefined && a.inode === b.inode && a.device === b.device;
}

function changed(path: PathText): LeftAlone {
  return { path, code: "CHANGED_SINCE_SCAN", message: "changed since it was scanned" };
}
