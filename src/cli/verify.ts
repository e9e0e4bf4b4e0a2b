import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { App } from "../app/context.ts";
import {
  type Choice,
  isDamage,
  isLoss,
  originText,
  type RepairedFile,
  type ToldFinding,
  type Verified,
  verifyArchive,
} from "../app/verify.ts";
import { parseAge, parsePercent } from "../model/units.ts";
import type { Workbench } from "./command.ts";
import { finish } from "./finish.ts";
import { exitStatus, withGlobalOptions } from "./options.ts";

/** Of all entries: with a run a week all are read in half a year. */
const usualPercent = 5;

/** `onefold verify`: reads the archive again and compares it with what is recorded. */
export function verifyCommand({ withApp }: Workbench) {
  return withGlobalOptions(new Command("verify"))
    .summary("re-read archive entries and compare with the recorded hashes")
    .description(
      "Reads a sample unless told otherwise: mostly entries that nobody has read for longest, some at random, and always\n" +
        "those known to be damaged. What was read is remembered, also if it is interrupted.",
    )
    .addOption(
      new Option("--sample <percent>", "so many of the entries (default: 5%)")
        .argParser(percentOption)
        .conflicts(["all", "olderThan"]),
    )
    .addOption(new Option("--all", "all entries, and whatever else lies in the archive").conflicts("olderThan"))
    .addOption(new Option("--older-than <age>", "entries not read for that long: 90d, 4w, 1y").argParser(ageOption))
    .option("--repair", "give what is damaged or missing its content again, from the sources; what stood there is kept")
    .addHelpText(
      "after",
      exitStatus({
        0: "what was read is as recorded, or was repaired",
        3: "some files are missing, could not be read, or have another time; they are listed",
        5: "the archive's disk has gone away: try again later",
        6: "a content is not what was recorded; each is listed, with the sources that still hold it",
        7: "another run is active",
        130: "interrupted; what was read is remembered",
      }),
    )
    .action((options) =>
      withApp(options, async (app, console) => {
        const verified = await verifyArchive(app, choiceOf(app, options), { repair: options.repair === true });
        if (!console.json && !console.quiet) for (const one of verified.repaired) await console.line(repairLine(one));
        return finish(app, console, verified.outcome, (summary) => documentOf(summary, verified));
      }),
    );
}

function choiceOf(
  app: App,
  { all, sample, olderThan }: { readonly all?: true; readonly sample?: number; readonly olderThan?: number },
): Choice {
  if (all === true) return { kind: "all" };
  if (olderThan !== undefined) return { kind: "older", than: new Date(app.now().getTime() - olderThan * 1000) };
  return { kind: "sample", percent: sample ?? usualPercent };
}

/** The numbers stand at the top, and the files beside them. */
function documentOf(
  { verify, ...run }: object & { readonly verify?: object },
  { findings, repaired }: Pick<Verified, "findings" | "repaired">,
): object {
  return {
    ...run,
    ...verify,
    damaged: findings.filter(isDamage).map(found),
    missing: findings.filter(isLoss).map(found),
    repaired: repaired.map(({ path, from, names, kept }) => ({ entry: path, from, names, kept })),
  };
}

function repairLine({ path, from, kept }: RepairedFile): string {
  if (from === null) return `intact   ${path}: it reads as recorded again`;
  return `repaired ${path} from ${originText(from)}${kept === null ? "" : `; what stood there is ${kept}`}`;
}

function found({ path, expected, actual, copies }: ToldFinding): object {
  return { entry: path, expected, actual, copies };
}

function percentOption(text: string): number {
  const percent = parsePercent(text);
  if (percent === null) throw new InvalidArgumentError("Expected a part of the entries like 5% or 0.5%.");
  return percent;
}

/** Seconds. */
function ageOption(text: string): number {
  const age = parseAge(text);
  if (age === null) throw new InvalidArgumentError("Expected a time like 12h, 90d, 4w or 1y.");
  return age;
}
