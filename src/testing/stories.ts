import { rename, rm } from "node:fs/promises";
import { joinPath, type PathText } from "../model/path.ts";
import { type Household, household } from "./household.ts";
import { addTo, fileFrom, hardLinkTo, type Tree } from "./tree.ts";

/** What somebody does, and may be stopped in at any system call. */
export interface Story {
  readonly name: string;
  /** Lays out what it begins with; the same every time. */
  prepare(): Promise<Household>;
  /** The command line that is counted, killed, and made to fail. */
  command(home: Household): readonly string[];
  /** What makes everything good afterwards, and then has nothing left to do. */
  mend(home: Household): readonly string[];
  /** Whether every source must be in the archive at the end. */
  readonly archivesAll: boolean;
}

const july2019 = 1_563_099_300_000_000_000n;
const minute = 60_000_000_000n;
const dated = (minutes: number, content: string) => fileFrom(july2019 + BigInt(minutes) * minute, content);

/** Two read buffers and a bit. */
const large = "0123456789abcdef".repeat(140_000);

/** All that a small household can have: copies, companions, hard links, twins in name, junk, nothing at all, odd names. */
const sources: Tree = {
  phone: {
    "IMG_1.JPG": dated(0, "beach"),
    "IMG_1.CR2": dated(0, "beach, raw"),
    "IMG_1.JPG.xmp": dated(9, "stars: 5"),
    "film.mov": dated(1, large),
    "Thumbs.db": dated(2, "junk"),
  },
  laptop: {
    Documents: { "letter.txt": dated(3, "dear"), "same.txt": hardLinkTo("laptop/Documents/letter.txt") },
    "holiday.jpg": dated(4, "beach"),
    "empty.txt": dated(5, ""),
  },
  usb: {
    Documents: { "letter.txt": dated(6, "another"), "copy.txt": dated(7, "dear") },
    "-odd \\x0a'\"name.txt": dated(8, "odd"),
    "caf\\xe9.txt": dated(8, "odd, too"),
  },
};

export const isJunk = (path: PathText) => path.endsWith("Thumbs.db");

/** The whole job, from nothing. */
export const firstRun: Story = {
  name: "a first run",
  prepare: () => household(sources),
  command: ({ places }) => ["run", "--json", ...places],
  mend: ({ places }) => ["run", "--json", ...places],
  archivesAll: true,
};

/** The job again, after somebody has added, edited, renamed and deleted files. */
const secondRun: Story = {
  ...firstRun,
  name: "a second run",
  prepare: async () => {
    const home = await household(sources);
    await home.run();
    await rename(home.path("phone/film.mov"), home.path("phone/renamed.mov"));
    await rm(home.path("laptop/holiday.jpg"));
    await addTo(home.path("usb"), { "new.txt": dated(30, "new"), "beach.jpg": dated(31, "beach") });
    await addTo(home.path("usb/Documents"), { "letter.txt": dated(32, "another, edited") });
    return home;
  },
};

/** Equal files that somebody put into the archive, one of them older than its entry. */
const mine: Tree = {
  "copy.jpg": fileFrom(july2019 - minute, "beach"),
  deep: { "film.mov": dated(20, large), "letter.txt": dated(20, "dear"), "again.txt": dated(21, "dear") },
  "twice.bin": dated(22, "two of a kind"),
  "thrice.bin": dated(23, "two of a kind"),
};

const relinking: Story = {
  name: "relinking an archive",
  prepare: async () => {
    const home = await household(sources, { archive: { mine } });
    await home.run();
    return home;
  },
  command: (home) => ["relink", "--json", ...archiveOf(home)],
  mend: (home) => ["relink", "--json", ...archiveOf(home)],
  archivesAll: false,
};

function archiveOf({ path }: Household): string[] {
  return ["--archive", joinPath(path("archive"))];
}

/** All that are told with misfortunes. */
export const stories: readonly Story[] = [firstRun, secondRun, relinking];
