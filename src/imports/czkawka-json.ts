import { otherList, tellingFields } from "./czkawka-tools.ts";
import type { GroupBuilder } from "./groups.ts";
import type { Agreement } from "./import.ts";
import type { Json, JsonFormat, JsonToken } from "./json-document.ts";
import { type Fields, fieldsOf, hash256, isStart, restOf } from "./json-fields.ts";
import { pathOfRawText } from "./raw-text.ts";
import type { Reason } from "./skipped.ts";
import { NotUnderstood } from "./understanding.ts";

const wanted = new Set(["path", "size", "modified_date", ...tellingFields]);

/** What the entries of the open group have shown. */
interface Traits {
  /** The key in the outermost object; null inside an outermost array. */
  readonly key: string | null;
  isHashed: boolean;
  hasKeySize: boolean;
}

/**
 * czkawka's JSON of all versions and kinds of search. It has no header, so the shape tells:
 *
 *     {"<size>": [[E, E, …], …]}      by hash            {"<size>": [[E, [E, …]], …]}    with reference folders
 *     {"<size>": [E, E, …]}           by size            {"<size>": [E, [E, …]]}
 *     {"<name>": [E, E, …]}           by name            {"<path>": [E, [E, …]]}
 *     [[E, E, …], …]                  by size and name   [[E, [E, …]], …]
 *     [E, E, …]                       the cache, each entry for itself
 *     {"name": …, "entries": [{"size", "hash", "paths": […]}, …]}
 *
 * So a group is the outermost array, below the document's own, that directly holds an entry.
 */
export class CzkawkaJson implements JsonFormat {
  readonly #groups: GroupBuilder;
  /** Of the file; it alone tells which cache a cache is. */
  readonly #name: string;
  #traits: Traits = { key: null, isHashed: true, hasKeySize: true };
  #isUnderstood = false;
  /** Something stands in the outermost object that no czkawka writes. */
  #isStrange = false;
  readonly #versions = new Set<string>();
  readonly #searches = new Set<string>();
  #hasReference = false;

  constructor(groups: GroupBuilder, name: string) {
    this.#groups = groups;
    this.#name = name;
  }

  detail(): string {
    if (!this.#isUnderstood) return "czkawka";
    const reference = this.#hasReference ? ", with reference folders" : "";
    return `${[...this.#versions].join(" or ")}, ${[...this.#searches].join(" and ")}${reference}`;
  }

  *read(): Json<void> {
    const root = yield;
    if (root.name === "startArray") yield* this.#list();
    else if (root.name === "startObject") yield* this.#object();
    else throw new NotUnderstood("is no list of duplicates");
  }

  cutOff(): void {
    this.#groups.abandon();
    this.#judge();
  }

  gap(): null {
    this.#judge();
    return null;
  }

  #judge(): void {
    const isNothing = this.#isStrange || this.#groups.skipped.list().length > 0;
    if (!this.#isUnderstood && isNothing) throw new NotUnderstood("holds nothing that czkawka writes about duplicates");
  }

  *#list(): Json<void> {
    for (;;) {
      const element = yield;
      if (element.name === "endArray") return;
      this.#open(null);
      if (element.name === "startArray") yield* this.#members();
      else if (element.name === "startObject") yield* this.#entry(true);
      else if (this.#isUnderstood) this.#groups.skip("entries that are not understood");
      else throw new NotUnderstood("is a list of words or numbers, not of duplicates");
      this.#groups.end();
    }
  }

  *#object(): Json<void> {
    let isNamed = false;
    let hasEntries = false;
    for (;;) {
      const key = yield;
      if (key.name !== "keyValue") break;
      const value = yield;
      if (value.name === "startArray") {
        hasEntries ||= key.value === "entries";
        this.#open(key.value);
        yield* this.#members();
        this.#groups.end();
      } else if (key.value === "name" && value.name === "stringValue") isNamed = true;
      else {
        this.#isStrange = true;
        if (isStart(value)) yield* restOf();
      }
    }
    if (isNamed && !hasEntries) this.#isStrange = true;
  }

  /** The rest of an array that is a group, holds groups, or holds the other files of the open group. */
  *#members(): Json<void> {
    for (;;) {
      const member = yield;
      if (member.name === "endArray") return;
      if (member.name === "startObject") yield* this.#entry(false);
      else if (member.name !== "startArray") this.#groups.skip("entries that are not understood");
      else if (this.#groups.count > 0) {
        this.#hasReference = true;
        yield* this.#members();
      } else {
        yield* this.#members();
        this.#groups.end();
        this.#open(this.#traits.key);
      }
    }
  }

  #open(key: string | null): void {
    const traits = { key, isHashed: true, hasKeySize: true };
    this.#traits = traits;
    this.#groups.begin(() => agreement(traits));
  }

  /** @param isAlone It stands in the outermost array. */
  *#entry(isAlone: boolean): Json<void> {
    let isGroup = false;
    const fields = yield* fieldsOf(wanted, (name, start, before) => {
      if (name !== "paths" || start.name !== "startArray" || this.#groups.count > 0) return null;
      isGroup = true;
      this.#knowOfAll(before);
      return this.#paths();
    });
    if (isGroup) this.#endListed(fields);
    else this.#addEntry(fields, isAlone);
  }

  *#paths(): Json<void> {
    for (;;) {
      const token = yield;
      if (token.name === "endArray") return;
      if (token.name === "stringValue") this.#groups.add(pathOfRawText(token.value));
      else yield* this.#passOver(token);
    }
  }

  *#passOver(token: JsonToken): Json<void> {
    this.#groups.skip("entries that are not understood");
    if (isStart(token)) yield* restOf();
  }

  #knowOfAll(fields: Fields): void {
    const size = fields.size("size");
    const hash = fields.text("hash");
    this.#groups.know({ size: size === "wrong" ? null : size, hash: hash256(hash) });
  }

  #endListed(fields: Fields): void {
    this.#isUnderstood = true;
    this.#versions.add("a list of entries with paths");
    this.#searches.add(hash256(fields.text("hash")) === null ? "without BLAKE3 hashes" : "by BLAKE3 hash");
    this.#knowOfAll(fields);
    if (fields.hasTwice) this.#groups.refuse("entries with a field twice");
    if (fields.size("size") === "wrong") this.#groups.refuse("sizes that are no number of bytes");
    this.#groups.end();
    this.#open(this.#traits.key);
  }

  #addEntry(fields: Fields, isAlone: boolean): void {
    const other = otherList(fields);
    if (other !== null && !this.#isUnderstood) {
      throw new NotUnderstood(`is czkawka's list of ${other}, not of duplicates`, {
        hint: "Only what `czkawka_cli dup` or the duplicate finder of its windows wrote can be imported.",
      });
    }
    const fault = other === null ? faultOf(fields) : "entries of another kind";
    const size = fields.size("size");
    const mark = fields.text("hash");
    if (fault !== null || mark === null || size === "wrong") {
      this.#groups.skip(fault ?? "entries that are not understood", fields.text("path"));
      return;
    }
    this.#isUnderstood = true;
    this.#traits.isHashed &&= mark !== "" || isAlone;
    this.#traits.hasKeySize &&= String(size) === this.#traits.key;
    const hash = isAlone ? this.#cachedHash(mark) : hash256(mark);
    this.#observe(fields, mark, isAlone);
    this.#groups.add(fields.path("path"), {
      size,
      modifiedSeconds: fields.seconds("modified_date"),
      hash,
      mark: mark === "" ? null : mark,
    });
  }

  /** A cache of the beginnings of files looks the same as one of whole files. */
  #cachedHash(mark: string): ReturnType<typeof hash256> {
    if (/prehash/i.test(this.#name)) {
      throw new NotUnderstood("is czkawka's cache of the beginnings of files, not of whole files", {
        hint: "Import the cache without `prehash` in its name.",
      });
    }
    return /^cache_duplicates_blake3_\d+\.json$/i.test(this.#name) ? hash256(mark) : null;
  }

  #observe(fields: Fields, mark: string, isAlone: boolean): void {
    const isOld = fields.has("symlink_info") || fields.names[1] === "size";
    this.#versions.add(isOld ? "czkawka 6.1" : "czkawka 7 or newer");
    this.#searches.add(isAlone ? this.#cacheWords(mark) : searchWords(agreement(this.#traits), mark));
  }

  #cacheWords(mark: string): string {
    const isTaken = this.#cachedHash(mark) !== null || hash256(mark) === null;
    return isTaken
      ? "its cache"
      : "a cache whose hashes are left, as only its own name tells that they are of whole files";
  }
}

function faultOf(fields: Fields): Reason | null {
  if (fields.hasTwice) return "entries with a field twice";
  if (fields.text("path") === null) return "entries without a path";
  return fields.size("size") === "wrong" ? "sizes that are no number of bytes" : null;
}

function agreement({ key, isHashed, hasKeySize }: Traits): Agreement {
  if (isHashed) return "content";
  return key === null ? "size and name" : hasKeySize ? "size" : "name";
}

function searchWords(agreeIn: Agreement, mark: string): string {
  if (agreeIn !== "content") return `by ${agreeIn}`;
  return hash256(mark) === null ? "by CRC32 or XXH3 hash" : "by BLAKE3 hash";
}
