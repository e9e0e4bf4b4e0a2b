import { splitExtension } from "../model/path.ts";
import { type EditedName, editedNames } from "./edited-names.ts";

/** A file of one folder: a JSON, or a photo or video. */
export interface TakeoutFile {
  readonly key: number;
  readonly name: string;
  /** Of a JSON: the name that it says it describes, if it is known. Asked only where names decide nothing. */
  readonly title?: string | undefined;
}

/** A JSON and the photos and videos it describes: first the one it is named after. Never empty. */
export interface TakeoutPair {
  readonly json: number;
  readonly media: readonly number[];
}

/** Google cuts the name of the JSON, with ".json", to so many characters. */
const longestName = 51;
/** What is left of a name that was cut: 46, or less where characters take several bytes. */
const shortestCut = 40;
const word = "supplemental-metadata";
const movie = /^\.(?:mp4|mov|mp|mv|m4v)$/i;

interface Json {
  readonly key: number;
  readonly title: string | undefined;
  /** The media name inside the name of the JSON, a counter put back where the media file has it. */
  readonly base: string;
  readonly cut: boolean;
}

/**
 * Tells which JSON of a Google Takeout belongs to which photo or video, for all files of one folder.
 *
 * Knows the ways in which Google has spelt these names. What fits two files equally well fits none. Time grows
 * with the number of files, not with its square.
 */
export function takeoutPairs(jsons: readonly TakeoutFile[], media: readonly TakeoutFile[]): readonly TakeoutPair[] {
  if (jsons.length === 0) return [];
  const index = new MediaIndex(media);
  const described = new Map<number, number[]>();
  const describedBy = new Map<number, number>();
  const describe = (json: number, file: number) => {
    if (describedBy.has(file)) return;
    describedBy.set(file, json);
    described.set(json, [...(described.get(json) ?? []), file]);
  };
  const known = jsons.map(readJsonName);
  // The exact names first: a loose match must not take a file from the JSON that bears its name.
  for (const find of [index.exact, index.cut, index.otherExtension, index.titled]) {
    for (const json of known) {
      const found = described.has(json.key) ? null : find(json);
      if (found !== null) describe(json.key, found);
    }
  }
  for (const [file, json] of sharers(known, media, index, described)) describe(json, file);
  return [...described].map(([json, files]) => ({ json, media: files }));
}

/** Edited copies, and the film of a moving photo, have no JSON of their own: they share that of the photo. */
function* sharers(
  jsons: readonly Json[],
  media: readonly TakeoutFile[],
  index: MediaIndex,
  described: ReadonlyMap<number, readonly number[]>,
): Generator<readonly [file: number, json: number]> {
  const byBase = new Map(jsons.map((json) => [json.base, json.key]));
  const byStem = new Map(jsons.map(({ base, key }) => [splitExtension(base)[0], key]));
  const byFile = new Map([...described].flatMap(([json, files]) => files.map((file) => [file, json] as const)));
  for (const { key, name } of media) {
    if (byFile.has(key)) continue;
    const own = normal(name);
    const [stem, extension] = splitExtension(own);
    const original = editedNames(own).map((edited) => jsonOf(edited, byBase, byFile, index));
    const still = movie.test(extension) ? (byStem.get(stem) ?? byStem.get(own)) : undefined;
    const json = original.find((found) => found !== undefined) ?? still;
    if (json !== undefined) yield [key, json];
  }
}

function jsonOf(
  { name, cut }: EditedName,
  byBase: ReadonlyMap<string, number>,
  byFile: ReadonlyMap<number, number>,
  index: MediaIndex,
): number | undefined {
  const original = index.byName.get(name);
  const byOriginal = original === undefined ? undefined : byFile.get(original);
  if (byOriginal !== undefined || cut) return byOriginal;
  return byBase.get(name);
}

/** Media files of one folder by all the ways to ask for them. */
class MediaIndex {
  readonly byName = new Map<string, number>();
  readonly #byStem = new Map<string, readonly number[]>();
  readonly #beginnings = new Map<number, ReadonlyMap<string, readonly number[]>>();
  readonly #byLowerName = new Map<string, readonly number[]>();

  constructor(media: readonly TakeoutFile[]) {
    for (const { key, name: written } of media) {
      const name = normal(written);
      this.byName.set(name, key);
      append(this.#byStem, splitExtension(name)[0], key);
      append(this.#byLowerName, name.toLowerCase(), key);
    }
  }

  readonly exact = ({ base }: Json): number | null =>
    this.byName.get(base) ?? only(this.#byLowerName.get(base.toLowerCase()));

  /** A name that was cut to fit. */
  readonly cut = ({ base, cut }: Json): number | null => {
    if (!cut || base.length < shortestCut) return null;
    const known = this.#beginnings.get(base.length) ?? this.#cutTo(base.length);
    return only(known.get(base));
  };

  /** All names cut to one length. Cut names have few lengths, so this is done a few times a folder. */
  #cutTo(length: number): ReadonlyMap<string, readonly number[]> {
    const keys = new Map<string, readonly number[]>();
    for (const [name, key] of this.byName) if (name.length > length) append(keys, name.slice(0, length), key);
    this.#beginnings.set(length, keys);
    return keys;
  }

  /** `20030616.json` for `20030616.jpg`; `IMG.HEIC.json` for the `IMG.MP4` that was left of it. */
  readonly otherExtension = ({ base }: Json): number | null => {
    const [stem, extension] = splitExtension(base);
    const whole = only(this.#byStem.get(base));
    // Something like an extension, not the end of a sentence.
    if (whole !== null || !/^\.[A-Za-z0-9]{2,4}$/.test(extension)) return whole;
    return this.byName.get(stem) ?? only((this.#byStem.get(stem) ?? []).filter((key) => this.#isMovie(key)));
  };

  readonly titled = ({ title }: Json): number | null =>
    title === undefined ? null : (this.byName.get(normal(title).replace(/[&<>:"/\\|?*%]/g, "_")) ?? null);

  #movies: ReadonlySet<number> | undefined;
  #isMovie(key: number): boolean {
    this.#movies ??= new Set(
      [...this.byName].filter(([name]) => movie.test(splitExtension(name)[1])).map(([, of]) => of),
    );
    return this.#movies.has(key);
  }
}

/** Undoes what Google did to the name: `.json`, a counter, the cut word, a counter again. */
function readJsonName({ key, name, title }: TakeoutFile): Json {
  const whole = normal(name);
  const [, inside = "", counter] = /^(.*?)(?:\((\d+)\))?\.json$/is.exec(whole) ?? [];
  const [, before = "", tail = ""] = /^(.+?)\.([a-z-]*)$/s.exec(inside) ?? [];
  const worded = tail !== "" && before !== "" && word.startsWith(tail) && !isExtension(inside);
  const media = worded ? before : inside.replace(/\.$/, "");
  const [, own = media, second] = /^(.*\.\w{2,4})\((\d+)\)$/s.exec(media) ?? [];
  const number = counter ?? second;
  const [stem, extension] = splitExtension(own);
  const base = number === undefined ? own : `${stem}(${number})${extension}`;
  const full = Math.max(whole.length, Buffer.byteLength(whole)) >= longestName - 2;
  return { key, title, base, cut: full && !worded };
}

/** `.s`, `.su` may begin the word; `.mp` never does. A photo called `x.sup` does not occur. */
function isExtension(name: string): boolean {
  return /\.(?:jpe?g|png|gif|heic|mp4?|mov|mv|webp|tiff?|dng)$/i.test(name);
}

/** macOS writes accents apart, Google together. */
function normal(name: string): string {
  return name.normalize("NFC");
}

function only(keys: readonly number[] | undefined): number | null {
  const [key] = keys ?? [];
  return key !== undefined && keys?.length === 1 ? key : null;
}

function append<Key, Value>(map: Map<Key, readonly Value[]>, key: Key, value: Value): void {
  const values = map.get(key) as Value[] | undefined;
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
