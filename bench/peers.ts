/**
 * The other duplicate finders, each told to select the same files: all from one byte on, hidden ones, too, whatever an
 * ignore file says; hard links count once. Each finds duplicates and writes them down, and does no more.
 */
import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { openResults } from "../src/imports/import.ts";
import { systemPath } from "../src/model/path.ts";
import { type Command, saying } from "./command.ts";
import { type Contender, differences, type Found, ready } from "./contender.ts";

/** Where a run takes place. */
export interface Place {
  readonly roots: readonly string[];
  /** Of this contender alone: results and caches. */
  readonly scratch: string;
}

export interface Peer {
  /** As the tables name it. */
  readonly name: string;
  readonly program: string;
  readonly version: string;
  /** Another way to call a peer that is there already: left out where time is short. */
  readonly variant: boolean;
  readonly note?: string;
  readonly args: (place: Place) => readonly string[];
  /** With its own cache, where it has one that is told by its arguments. */
  readonly cachedArgs?: (place: Place) => readonly string[];
  /** Whether it writes the groups to its standard output, instead of to "groups" in its folder. */
  readonly prints: boolean;
  readonly accepts?: readonly number[];
}

type Known = Omit<Peer, "version" | "variant"> & { readonly variant?: true };

const fclones = (...more: readonly string[]) => {
  return ({ roots }: Place) => ["group", "--hidden", "--no-ignore", "--min", "1", ...more, ...roots];
};
const czkawka = (...more: readonly string[]) => {
  return ({ roots, scratch }: Place) => [
    ...["dup", "-m", "1", "-N", "-M", ...more, "-C", join(scratch, "groups")],
    ...roots.flatMap((root) => ["-d", root]),
  ];
};
const rmlint = (...more: readonly string[]) => {
  return ({ roots, scratch }: Place) => [
    ...["-r", "-T", "df", "-L", ...more, "-o", `json:${join(scratch, "groups")}`],
    ...roots,
  ];
};

const known: readonly Known[] = [
  { name: "fclones", program: "fclones", prints: true, args: fclones(), cachedArgs: fclones("--cache") },
  {
    ...{ name: "fclones, BLAKE3", program: "fclones", prints: true, variant: true },
    args: fclones("--hash-fn", "blake3"),
  },
  {
    ...{ name: "czkawka", program: "czkawka_cli", prints: false, accepts: [0, 11], args: czkawka("-H") },
    // By default it forgets files below 250 kB.
    cachedArgs: czkawka("-c", "1", "-u", "-Z", "1"),
  },
  { name: "yadf", program: "yadf", prints: true, args: ({ roots }) => ["-n", "-f", "fdupes", ...roots] },
  {
    ...{ name: "jdupes", program: "jdupes", prints: true, note: "compares byte by byte" },
    args: ({ roots }) => ["-q", "-r", ...roots],
  },
  { name: "jdupes -Q", program: "jdupes", prints: true, args: ({ roots }) => ["-q", "-Q", "-r", ...roots] },
  {
    ...{ name: "rdfind", program: "rdfind", prints: false },
    args: ({ roots, scratch }) => ["-dryrun", "true", "-outputname", join(scratch, "groups"), ...roots],
  },
  { name: "rmlint", program: "rmlint", prints: false, args: rmlint(), cachedArgs: rmlint("--xattr") },
];

/** What is installed here, and the names of what is not. */
export function findPeers(): { readonly peers: readonly Peer[]; readonly missing: readonly string[] } {
  const versions = new Map<string, string | null>();
  for (const { program } of known) if (!versions.has(program)) versions.set(program, versionOf(program));
  const peers = known.flatMap((peer): Peer[] => {
    const version = versions.get(peer.program) ?? null;
    if (version === null) return [];
    return [{ ...peer, ...withHashDatabase(peer), version, variant: peer.variant ?? false }];
  });
  return { peers, missing: [...versions].filter(([, version]) => version === null).map(([program]) => program) };
}

/** A peer in a race over these folders. @param cached Whether it may use its own cache, which is kept in `scratch`. */
export function finder(peer: Peer, place: Place, { cached = false } = {}): Contender {
  const { scratch } = place;
  const groups = join(scratch, "groups");
  const args = cached ? peer.cachedArgs : undefined;
  const command: Command = {
    program: peer.program,
    args: (args ?? peer.args)(place),
    // Nothing of the user's own settings and caches.
    env: { HOME: scratch, XDG_CACHE_HOME: scratch, CZKAWKA_CACHE_PATH: scratch, CZKAWKA_CONFIG_PATH: scratch },
    output: peer.prints ? groups : join(scratch, "said"),
    ...(peer.accepts === undefined ? {} : { accepts: peer.accepts }),
  };
  const cacheNote = args === undefined ? "has no cache" : "with its cache";
  const notes = [...(peer.note === undefined ? [] : [peer.note]), ...(cached ? [cacheNote] : [])];
  return {
    name: peer.name,
    role: "peer",
    ...(notes.length === 0 ? {} : { note: notes.join("; ") }),
    prepare: async () => {
      // rmlint would keep the one before under another name.
      await rm(groups, { force: true });
      return ready(command, async (truth) => differences(await countGroups(groups), truth));
    },
  };
}

/** Newer jdupes keep hashes in a file. */
function withHashDatabase(peer: Known): Partial<Peer> {
  if (peer.program !== "jdupes" || !/^ -y\b/m.test(saying("jdupes", "--help") ?? "")) return {};
  return { cachedArgs: (place) => ["-y", join(place.scratch, "hashes.txt"), ...peer.args(place)] };
}

function versionOf(program: string): string | null {
  const said = saying(program, "--version");
  return said === null ? null : (/\d+\.\d+(?:\.\d+)*/.exec(said)?.[0] ?? "of unknown version");
}

/** Hard links count once: some finders list them, although they do not take them for copies. */
async function countGroups(file: string): Promise<Found> {
  await using document = await openResults(file, { format: "detect" });
  let groups = 0;
  let surplus = 0;
  for await (const some of document.groups) {
    for (const { files } of some) {
      const inodes = new Set(files.map(({ path }) => statSync(systemPath(path)).ino));
      if (inodes.size < 2) continue;
      groups += 1;
      surplus += inodes.size - 1;
    }
  }
  return { groups, surplus };
}
