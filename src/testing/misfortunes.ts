import type { Chance } from "./chance.ts";
import { type CalmTelling, tellWith } from "./misfortune.ts";
import { describePoint, kindOf, type Point, someOfEachKind, unnamedPoints } from "./points.ts";
import type { Effect } from "./strace.ts";

/** One thing that may go wrong. */
export interface Misfortune {
  readonly point: Point;
  readonly effect: Effect;
}

/** What came of many misfortunes. */
export interface Coverage {
  readonly tried: number;
  /** How many of them the program met: it does not make the same calls every time. */
  readonly befell: number;
  /** Kinds of calls on kinds of files that were met. */
  readonly kinds: ReadonlySet<string>;
  readonly wrong: readonly string[];
}

/** Death at every call that may change something, at the first two of every other kind, and between questions to the database. */
export function deaths({ points, questions }: CalmTelling): Misfortune[] {
  const chosen = [
    ...points.filter(({ changes }) => changes),
    ...someOfEachKind(
      points.filter(({ changes }) => !changes),
      2,
    ),
    ...unnamedPoints("writev", questions, "database"),
  ];
  return chosen.map((point) => ({ point, effect: { do: "kill" } }));
}

/** For every kind of call on every kind of file each error that it may report, once and from then on. */
export function failures({ points }: CalmTelling): Misfortune[] {
  const named = someOfEachKind(points, 1).flatMap((point) =>
    errorsOf(point).flatMap((error) =>
      // Nothing is interrupted for ever: node tries these again by itself, until it works.
      (error === "EINTR" ? [false] : [false, true]).map((onward) => failure(point, error, onward)),
    ),
  );
  return [...named, ...brokenDisks(points)];
}

/** A kind of call that fails from some moment on, whatever file it is about. */
function brokenDisks(points: readonly Point[]): Misfortune[] {
  const calls = ["fsync", "fdatasync", "link", "rename", "unlink", "mkdir", "utimensat"];
  return calls
    .filter((call) => points.some((point) => point.call === call))
    .flatMap((call) => unnamedPoints(call, 3, "any file"))
    .flatMap((point) => ["EIO", "EROFS"].map((error) => failure(point, error, true)));
}

function failure(point: Point, error: string, onward: boolean): Misfortune {
  return { point, effect: { do: "fail", error, onward } };
}

/** A disk that says it has written what it has not, at every write of a file that is to be published. */
export function lies({ points }: CalmTelling): Misfortune[] {
  return points
    .filter(({ call, place }) => call === "write" && place === "temporary file")
    .map((point) => ({ point, effect: { do: "claim", bytes: 2 } }));
}

/** Shuffled, but one for every kind of call first. */
export function inAnyOrder(misfortunes: readonly Misfortune[], chance: Chance): Misfortune[] {
  const left = [...misfortunes];
  const shuffled: Misfortune[] = [];
  while (left.length > 0) shuffled.push(...left.splice(chance.number(left.length), 1));
  const firsts = new Set(new Map(shuffled.map((one) => [kindOf(one.point), one])).values());
  return [...firsts, ...shuffled.filter((one) => !firsts.has(one))];
}

/** Tells the story once for each misfortune, two at a time. @param until Milliseconds since 1970; those left over are not tried. */
export async function tellWithEach(
  calm: CalmTelling,
  misfortunes: readonly Misfortune[],
  until = Number.POSITIVE_INFINITY,
): Promise<Coverage> {
  const met: Misfortune[] = [];
  const wrong: string[] = [];
  const left = [...misfortunes];
  let tried = 0;
  const work = async () => {
    for (let one = left.shift(); one !== undefined && Date.now() < until; one = left.shift()) {
      tried++;
      const { befell, wrong: found } = await tellWith(calm, one.point, one.effect);
      if (befell) met.push(one);
      if (found.length > 0) wrong.push([describe(one), ...found].join("\n    "));
    }
  };
  await Promise.all([work(), work()]);
  return { tried, befell: met.length, kinds: new Set(met.map(({ point }) => kindOf(point))), wrong };
}

function describe({ point, effect }: Misfortune): string {
  const what = {
    kill: () => "killed",
    fail: () =>
      `${"error" in effect ? effect.error : ""}${"onward" in effect && effect.onward ? " and ever after" : ""}`,
    claim: () => "a lie",
  }[effect.do]();
  return `${describePoint(point)}: ${what}`;
}

function errorsOf({ call, place, changes }: Point): string[] {
  if (call === "close") return ["EIO"];
  const network = ["openat", "read", "pread64", "getdents64", "statx", "newfstatat"].includes(call);
  const fills = changes && !["unlink", "unlinkat", "utimensat", "fchmod"].includes(call);
  const names = /^(?:openat|mkdir|link|unlink|rename|statx|access)/.test(call);
  return [
    "EIO",
    ...(network && place.includes("source") ? ["EINTR", "ESTALE"] : []),
    ...(names ? ["EACCES"] : []),
    ...(fills ? ["ENOSPC"] : []),
    ...(fills && call === "write" ? ["EDQUOT"] : []),
    ...(changes && names ? ["EROFS"] : []),
  ];
}
