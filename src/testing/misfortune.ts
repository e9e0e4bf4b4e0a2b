import type { PathText } from "../model/path.ts";
import {
  changes,
  contentsOf,
  type Expected,
  type Picture,
  pictureOf,
  sourcesOf,
  wrongContents,
  wrongEnding,
  wronglyGone,
} from "./aftermath.ts";
import { onefoldHere } from "./here.ts";
import { type Household, snapshot } from "./household.ts";
import { type Ended, onefoldBy } from "./onefold.ts";
import { faultAt, type Point, pointsOf } from "./points.ts";
import type { Story } from "./stories.ts";
import { befell, canBeNamed, type Effect, readCalls, straceToCount, straceToFail } from "./strace.ts";

/** A story told once without any misfortune. */
export interface CalmTelling {
  readonly story: Story;
  readonly points: readonly Point[];
  /** How often it talked to the database. */
  readonly questions: number;
  /** What the archive looked like at the end. */
  readonly ending: Picture;
}

/** What came of a misfortune. */
export interface Aftermath {
  /** false: the program never made that call this time. */
  readonly befell: boolean;
  readonly ended: Ended;
  /** What is wrong: a sentence each. */
  readonly wrong: readonly string[];
}

/** Names that are the same every time, and one thread for what is not blocking: so a call can be told from the others. */
const steady = {
  NODE_OPTIONS: `--import ${new URL("./steady-names.js", import.meta.url).href}`,
  UV_THREADPOOL_SIZE: "1",
};

/** Milliseconds; a program that takes longer hangs. */
const patience = 120_000;

export async function tellCalmly(story: Story): Promise<CalmTelling> {
  await using home = await story.prepare();
  const log = home.path("state/calls");
  const args = story.command(home);
  const ended = await onefoldBy(straceToCount(log), args, optionsFor(home), patience);
  if (ended.status !== 0) throw new Error(`${story.name} ended with ${ended.status}: ${ended.stderr}`);
  const calls = await readCalls(log);
  const points = pointsOf(calls, home.disk.root);
  return {
    story,
    points: points.filter(({ path }) => path !== null && canBeNamed(path) && isShared(path, home)),
    questions: calls.filter(({ name, thread }) => name === "writev" && thread === calls[0]?.thread).length,
    ending: await pictureOf(home),
  };
}

/** Tells the story with a misfortune in it, lets it be mended, and looks what is wrong then. */
export async function tellWith(calm: CalmTelling, point: Point, effect: Effect): Promise<Aftermath> {
  const { story } = calm;
  // Of equal files another one speaks for them while the original cannot be read. A name in a folder that is held may be
  // one of a source.
  const mayHideOriginal = /source|name in a pinned folder|^pinned folder/.test(point.place);
  const expected = effect.do === "fail" && mayHideOriginal ? { ...calm, ending: null } : calm;
  await using home = await story.prepare();
  const before = await sourcesOf(home);
  const held = await contentsOf(home);
  const log = home.path("state/calls");
  const fault = faultAt(point, home.disk.root, effect, Math.floor(Date.now() / 1000));
  const ended = await onefoldBy(straceToFail(fault, log), story.command(home), optionsFor(home), patience);
  const wrong = [
    ...wrongWith(ended, effect),
    ...(await wrongContents(home, held)),
    ...(await wronglyGone(home)),
    // Success was claimed: so there must be nothing left to mend.
    ...(ended.status === 0 ? await wrongEnding(home, expected) : []),
    ...(await mended(home, expected)),
    ...changes(before, await sourcesOf(home)).map((path) => `${path} of the sources was changed`),
  ];
  return { befell: await befell(log), ended, wrong };
}

function optionsFor({ disk, environment }: Household) {
  return { cwd: disk.root, env: { ...environment, ...steady } };
}

/** A killed program says nothing; any other ends in a way that the manual names. */
function wrongWith({ status, signal, stderr }: Ended, effect: Effect): string[] {
  if (effect.do === "kill" && signal === "SIGKILL") return [];
  const said = `${status ?? signal}: ${stderr.slice(0, 2_000)}`;
  if (status === null || ![0, 3, 4, 5, 6].includes(status)) return [`it ended with ${said}`];
  return /^\s+at /m.test(stderr) ? [`it showed a stack: ${said}`] : [];
}

/** Runs what mends twice, and looks after each. */
async function mended(home: Household, expected: Expected): Promise<string[]> {
  const mend = () => onefoldHere(expected.story.mend(home), { cwd: home.disk.root, env: home.environment });
  const first = await mend();
  if (first.status !== 0) return [`it could not be mended: ${first.status ?? first.signal}: ${first.stderr}`];
  const wrong = await wrongEnding(home, expected);
  const before = await snapshot(home.path("archive"));
  const second = await mend();
  if (second.status !== 0) return [...wrong, `once mended, it ended with ${second.status}: ${second.stderr}`];
  const touched = changes(before, await snapshot(home.path("archive")));
  return [...wrong, ...touched.map((path) => `once mended, it changed ${path}`)];
}

/** Lies in a source or the archive, and not in what is onefold's alone. */
function isShared(path: PathText, { sources }: Household): boolean {
  return path.startsWith("/") || ["archive", ...sources].includes(path.split("/")[0] ?? "");
}
