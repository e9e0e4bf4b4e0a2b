import type { GroupBuilder } from "./groups.ts";
import type { Json, JsonFormat } from "./json-document.ts";
import { type Fields, fieldsOf, isStart, restOf } from "./json-fields.ts";
import type { Reason } from "./skipped.ts";
import { NotUnderstood } from "./understanding.ts";

const wanted = new Set([
  ...["type", "path", "size", "checksum", "mtime", "is_original"],
  ...["description", "version", "args", "aborted", "total_files"],
]);

/** What rmlint finds besides duplicates. */
const others: ReadonlyMap<string, Reason> = new Map([
  ["unique_file", "files without a duplicate"],
  ["duplicate_dir", "folders"],
  ["emptydir", "folders"],
]);

/**
 * rmlint's JSON: a header, one object a file, a footer. Files of one group follow one another.
 * Its checksums are never BLAKE3. Times are rounded by the way in which they were printed; only their seconds count.
 */
export class RmlintJson implements JsonFormat {
  readonly #groups: GroupBuilder;
  #version: string | null = null;
  #isPartial = false;
  /** Of the open group. */
  #key: string | null = null;
  #hasHeader = false;
  #hasFooter = false;
  #isAborted = false;

  constructor(groups: GroupBuilder) {
    this.#groups = groups;
  }

  detail(): string {
    const by = this.#isPartial ? ", by parts of the files only" : "";
    return `rmlint${this.#version === null ? "" : ` ${this.#version}`}${by}`;
  }

  *read(): Json<void> {
    if ((yield).name !== "startArray") throw new NotUnderstood("is no JSON of rmlint");
    for (;;) {
      const token = yield;
      if (token.name === "endArray") break;
      if (token.name === "startObject") this.#take(yield* fieldsOf(wanted));
      else {
        this.#groups.skip("entries that are not understood");
        if (isStart(token)) yield* restOf();
      }
    }
    this.#groups.end();
    if (!this.#hasHeader) throw new NotUnderstood("is no JSON of rmlint: it has no header");
  }

  cutOff(): void {
    this.#groups.abandon();
  }

  gap(): string | null {
    if (this.#isAborted) return "rmlint was interrupted";
    return this.#hasFooter ? null : "rmlint did not write its end mark, so it was interrupted";
  }

  #take(fields: Fields): void {
    if (fields.has("path") || fields.has("type")) this.#takeEntry(fields);
    else if (fields.has("description")) {
      this.#hasHeader = true;
      this.#version = fields.text("version");
      this.#isPartial = isPartial(fields.text("args") ?? "");
    } else if (fields.has("aborted") || fields.has("total_files")) {
      this.#hasFooter = true;
      this.#isAborted = fields.kind("aborted") === "trueValue";
    } else this.#groups.skip("entries that are not understood");
  }

  #takeEntry(fields: Fields): void {
    if (!this.#hasHeader) throw new NotUnderstood("is no JSON of rmlint: it has no header");
    const fault = faultOf(fields);
    const path = fields.path("path");
    const size = fields.size("size");
    if (fault !== null || path === null || size === "wrong") {
      this.#groups.skipped.add(fault ?? "paths that no file can have", fields.text("path"));
      return;
    }
    const type = fields.text("type");
    const mark = fields.text("checksum");
    const key = `${type} ${size} ${mark}`;
    const isNext = mark === null && type === "duplicate_file" && fields.kind("is_original") === "trueValue";
    if (key !== this.#key || isNext) {
      this.#groups.end();
      this.#groups.begin(() => (this.#isPartial && type === "duplicate_file" ? "parts" : "content"));
      this.#key = key;
    }
    this.#groups.add(path, { size, modifiedSeconds: fields.seconds("mtime"), mark });
  }
}

function faultOf(fields: Fields): Reason | null {
  const type = fields.text("type") ?? "";
  if (type !== "duplicate_file" && type !== "emptyfile") return others.get(type) ?? "entries of another kind";
  if (fields.hasTwice) return "entries with a field twice";
  if (fields.text("path") === null) return "entries without a path";
  return fields.size("size") === "wrong" ? "sizes that are no number of bytes" : null;
}

/** `--clamp-low`, `--clamp-top`: only a part of each file was read. In doubt yes, which makes less of the results. */
function isPartial(command: string): boolean {
  return /(?:^| )(?:-[A-Za-z]*[qQ]|--clamp-(?:low|top))/.test(command);
}
