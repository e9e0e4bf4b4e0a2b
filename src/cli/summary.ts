import type { ImportParts, ImportTotals } from "../app/import.ts";
import type { RebuildParts, RebuildTotals } from "../app/rebuild.ts";
import type { ReclaimParts } from "../app/reclaim.ts";
import type { RelinkParts } from "../app/relink.ts";
import type { RunParts } from "../app/run.ts";
import type { Outcome } from "../app/under-lock.ts";
import type { UndoParts, UndoTotals } from "../app/undo.ts";
import type { VerifyParts, VerifyTotals } from "../app/verify.ts";
import type { Problem } from "../model/operation.ts";
import { formatBytes, formatCount, formatDuration, formatNumberOf } from "../model/units.ts";

/** What the commands say of their runs: some of it each. */
export type SummaryParts = RunParts &
  Partial<ImportParts & RelinkParts & UndoParts & RebuildParts & VerifyParts & ReclaimParts>;

/** Problems a person reads on the screen; the others are in the run's history. */
export const shownProblems = 20;

/** What a command did, as lines that a person understands. */
export function summaryLines(outcome: Outcome<SummaryParts>, listed: readonly Problem[]): string[] {
  const { summary, problems } = outcome;
  const { scan, duplicates, plan, consolidate, relink } = summary;
  const lines: string[] = [];
  const say = (what: string, text: string) => lines.push(`${what.padEnd(11)}${text}`);
  if (scan !== undefined) {
    say("Found", `${formatNumberOf(scan.files, "file")}, ${formatBytes(scan.bytes)}${changesOf(scan)}`);
    say("Read", `${formatBytes(scan.readBytes)} in ${formatDuration(scan.seconds + (consolidate?.seconds ?? 0))}`);
  }
  if (duplicates !== undefined) {
    const { files, groups, bytes } = duplicates;
    say(
      "Duplicates",
      files === 0
        ? "none"
        : `${formatNumberOf(files, "file")} in ${formatNumberOf(groups, "group")} are copies of others: ${formatBytes(bytes)} that the archive does not need`,
    );
  }
  if (consolidate !== undefined) {
    say(
      "Copied",
      `${formatNumberOf(consolidate.copiedFiles, "file")}, ${formatBytes(consolidate.copiedBytes)}, each read back and compared`,
    );
    say("Linked", `${formatNumberOf(consolidate.linkedFiles, "name")} without taking space`);
    say("In place", `${formatNumberOf(consolidate.alreadyArchived, "file")} whose content the archive had already`);
    if (consolidate.failed > 0) say("Not placed", formatNumberOf(consolidate.failed, "file"));
  } else if (plan !== undefined) {
    say("To copy", `${formatNumberOf(plan.copyFiles, "file")}, ${formatBytes(plan.copyBytes)}`);
    say("To link", formatNumberOf(plan.linkFiles, "name"));
    say("In place", `${formatNumberOf(plan.alreadyArchived, "file")} whose content the archive has already`);
    if (summary.room !== undefined) say("Room", roomLine(plan.copyBytes, summary.room));
  }
  if (summary.verify !== undefined) lines.push(...verifyLines(summary.verify));
  if (summary.import !== undefined) lines.push(...importLines(summary.import));
  if (plan?.metadataUnread !== undefined) {
    const { files, because } = plan.metadataUnread;
    say(
      "Dates",
      `${formatNumberOf(files, "photo or video", "photos and videos")} dated without their metadata: ${because}`,
    );
  }
  if (relink !== undefined) {
    const { files, bytes, failed, dryRun } = relink;
    const done = dryRun ? ["Would link", "to save"] : ["Linked", "saved"];
    const linked = `${done[0]} ${formatNumberOf(files, "file")}, ${formatBytes(bytes)} ${done[1]}`;
    lines.push(`${linked}; ${formatNumberOf(failed, "file")} left alone`);
  }
  if (summary.undo !== undefined) lines.push(...undoLines(summary.undo, summary.undoneBy));
  if (summary.rebuild !== undefined) lines.push(...rebuildLines(summary.rebuild));
  if (summary.reclaim !== undefined) lines.push(reclaimLine(summary.reclaim));
  say("Problems", problems === 0 ? "none" : `${formatNumberOf(problems, "file or folder", "files or folders")}:`);
  lines.push(...problemLines(listed, problems, summary.run));
  lines.push("", ending(outcome));
  return lines;
}

/** For `plan` and a dry run: whether what is planned fits. */
export function roomLine(copyBytes: number, { free, reserve, enough }: NonNullable<RunParts["room"]>): string {
  if (enough) return `${formatBytes(free)} free in the archive: enough`;
  return `${formatBytes(free)} free in the archive: ${formatBytes(copyBytes + reserve - free)} TOO LITTLE (${formatBytes(reserve)} must stay free)`;
}

function rebuildLines({ journals, files, entries, origins, runs, readBytes }: RebuildTotals): string[] {
  return [
    `Journals   ${formatNumberOf(journals, "journal")}, ${formatNumberOf(runs, "run")} that the database did not know`,
    `Archive    ${formatNumberOf(files, "file")} known by content, ${formatNumberOf(entries, "entry", "entries")}; ${formatBytes(readBytes)} read`,
    `Sources    ${formatNumberOf(origins, "file")} that need no reading while they are as they were`,
  ];
}

function undoLines(totals: UndoTotals, undoneBy: UndoParts["undoneBy"]): string[] {
  const { removedFiles, removedLinks, removedBytes, separated, restored, restoredBytes, kept, dryRun } = totals;
  const did = dryRun
    ? ["Would remove", "Would separate", "Would bring back"]
    : ["Removed", "Separated", "Brought back"];
  const copies = `${formatNumberOf(removedFiles, "copy", "copies")}, ${formatBytes(removedBytes)}`;
  const removed =
    removedFiles + removedLinks === 0 ? [] : [`${did[0]} ${copies}, and ${formatNumberOf(removedLinks, "link")}`];
  const apart =
    separated === 0 ? [] : [`${did[1]} ${formatNumberOf(separated, "file")}: each has bytes of its own again`];
  const left = kept === 0 ? [] : [`Kept ${formatNumberOf(kept, "file")} as they are`];
  const bytes = restoredBytes === 0 ? "" : `, ${formatBytes(restoredBytes)}`;
  const back = restored === 0 ? [] : [`${did[2]} ${formatNumberOf(restored, "file")}${bytes}`];
  const lines = [...removed, ...apart, ...back, ...left];
  if (lines.length > 0) return lines;
  return [
    undoneBy === undefined
      ? "Nothing to take back: that run changed nothing, or nothing of it is left."
      : `Nothing to take back: run ${undoneBy} has taken back all of it before.`,
  ];
}

function reclaimLine({ files, bytes, left, how, applied }: ReclaimParts["reclaim"]): string {
  const done = {
    quarantine: ["Moved", "Would move", "in quarantine"],
    delete: ["Removed", "Would remove", "free"],
    "hard-link": ["Replaced", "Would replace", "free"],
  }[how];
  const what = `${applied ? done[0] : done[1]} ${formatNumberOf(files, "file")}, ${formatBytes(bytes)} ${done[2]}`;
  return `${what}; ${formatNumberOf(left, "file stays", "files stay")}`;
}

function importLines({ documents, groups, files, claims, applied, confirmed, contradicted, open }: ImportTotals) {
  const judged = `${formatNumberOf(confirmed, "group")} confirmed by our own reading, ${formatCount(contradicted)} contradicted, ${formatCount(open)} open`;
  return [
    `Results    ${formatNumberOf(files, "file")} in ${formatNumberOf(groups, "group")} of ${formatNumberOf(documents, "document")}`,
    `Compared   ${judged}`,
    `Claims     ${formatNumberOf(claims, "hash", "hashes")} taken over; ${formatNumberOf(applied, "file")} of the inventory need no reading to be compared`,
  ];
}

function verifyLines({ checked, bytes, entries, damaged, missing, repaired, seconds }: VerifyTotals): string[] {
  const lines = [
    `Read       ${formatNumberOf(checked, "file")}, ${formatBytes(bytes)} in ${formatDuration(seconds)}; the archive has ${formatNumberOf(entries, "entry", "entries")}`,
  ];
  if (damaged > 0) lines.push(`Damaged    ${formatNumberOf(damaged, "file")}`);
  if (missing > 0) lines.push(`Missing    ${formatNumberOf(missing, "file")}`);
  if (repaired > 0) lines.push(`Repaired   ${formatNumberOf(repaired, "file")}`);
  return lines;
}

function changesOf(scan: NonNullable<RunParts["scan"]>): string {
  const parts = [
    [scan.new, "new"],
    [scan.changed, "changed"],
    [scan.missing, "gone"],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, word]) => `${formatNumberOf(count, word, word)}`);
  if (said.length === 0) return " (nothing new)";
  return ` (${said.join(", ")})`;
}

function problemLines(listed: readonly Problem[], problems: number, run: string): string[] {
  const lines = listed.slice(0, shownProblems).map(({ source, path, code, message }) => {
    return `  ${source}: ${path === "" ? "." : path}: ${message} [${code}]`;
  });
  const more = problems - Math.min(problems, shownProblems);
  return more > 0 ? [...lines, `  and ${formatNumberOf(more, "more", "more")}: onefold history ${run}`] : lines;
}

function ending({ summary, problems, alarms, lost, full, interrupted }: Outcome<SummaryParts>): string {
  if (interrupted)
    return `Interrupted. What was done is kept; the same command goes on from here. (run ${summary.run})`;
  if (alarms > 0)
    return `ALARM: ${formatNumberOf(alarms, "file")} read differently from what was recorded or written, and left alone. Suspect a disk, a cable or memory. (run ${summary.run})`;
  if (full)
    return `THE ARCHIVE IS FULL: what was copied before stays. Free some space, and the same command goes on from here. (run ${summary.run})`;
  if (lost > 0)
    return `${formatNumberOf(lost, "source")} went away: everything else is done. Run again when ${lost === 1 ? "it is" : "they are"} back. (run ${summary.run})`;
  if (problems > 0) return `Done, but not with everything: see the problems above. (run ${summary.run})`;
  if (summary.consolidate !== undefined && summary.scan === undefined)
    return `Done: what the inventory knows is in the archive; what no scan has seen is not. (run ${summary.run})`;
  if (summary.consolidate !== undefined)
    return `Done: every content of every source is in the archive. (run ${summary.run})`;
  if (summary.undo !== undefined && !summary.undo.dryRun) return `Taken back: ${summary.undone}. (run ${summary.run})`;
  if (summary.reclaim?.applied === false)
    return `Nothing was changed: --apply does it, after reading every file and its entry. (run ${summary.run})`;
  if (summary.relink?.dryRun ?? summary.undo?.dryRun) return `Nothing was changed. (run ${summary.run})`;
  return summary.plan === undefined ? `Done. (run ${summary.run})` : `Nothing was changed. (run ${summary.run})`;
}
