import type { PathText } from "../model/path.ts";
import type { EpochNs } from "../model/time.ts";
import { inPrivateFolder } from "./private-folder.ts";
import type { NameLook } from "./repair-look.ts";
import type { NameStep } from "./repair-names.ts";
import type { Failure } from "./trouble.ts";

/** A name of the archive, and how it stands. */
export interface LookedName {
  readonly path: PathText;
  readonly look: NameLook;
}

/** What is to be done about a name that was found to be damaged or missing. */
export type Decision =
  /** It holds its content: a reading erred, or an earlier repair has done it. */
  | { readonly kind: "intact" }
  | {
      readonly kind: "repair";
      /** The name itself is the last. */
      readonly names: readonly NameStep[];
      /** A name whose file can be linked as it is: it has the content, and the time that is recorded. */
      readonly linkable: PathText | null;
      /** Names that hold the content, to be copied from. */
      readonly copyable: readonly PathText[];
    }
  | Failure;

/**
 * Decides which names get the content again: the one that was found, and all others of the same damaged inode; of a
 * missing one, all that are damaged. A file that stands for itself and holds other bytes is left to its own finding.
 *
 * @param others Other names whose content is recorded to be the same.
 * @param modified As recorded for `main`.
 */
export function decideRepair(
  main: LookedName,
  others: readonly LookedName[],
  { modified, run }: { readonly modified: EpochNs; readonly run: string },
): Decision {
  if (main.look.kind === "failed") return main.look;
  if (main.look.kind === "stands" && main.look.isGood) return { kind: "intact" };
  const damaged = main.look.kind === "stands" ? main.look.standing.inode : null;
  const bad = others.filter(({ look }) => {
    return look.kind === "stands" && !look.isGood && (damaged === null || look.standing.inode === damaged);
  });
  const good = others.flatMap(({ path, look }) => (look.kind === "stands" && look.isGood ? [{ path, ...look }] : []));
  return {
    kind: "repair",
    names: nameSteps([...bad, main], run),
    linkable: good.find(({ standing }) => standing.modified === modified)?.path ?? null,
    copyable: good.map(({ path }) => path),
  };
}

/** Each damaged inode is kept once, under the last of its names: that of the entry, as a rule. */
function nameSteps(names: readonly LookedName[], run: string): NameStep[] {
  const lastOf = new Map(
    names.flatMap(({ path, look }) => (look.kind === "stands" ? [[look.standing.inode, path]] : [])),
  );
  return names.map(({ path, look }) => {
    if (look.kind !== "stands") return { path, before: null, kept: null };
    const isLast = lastOf.get(look.standing.inode) === path;
    return { path, before: look.standing, kept: isLast ? inPrivateFolder("" as PathText, "damaged", run, path) : null };
  });
}
