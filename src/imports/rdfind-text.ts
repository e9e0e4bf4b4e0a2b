import type { GroupBuilder } from "./groups.ts";
import type { Completeness } from "./import.ts";
import { continued, type LineFormat } from "./lines.ts";
import { pathOfRawText } from "./raw-text.ts";
import { complete, incomplete } from "./reader.ts";
import { NotUnderstood } from "./understanding.ts";

const endMark = "# end of file";
/** duptype id depth size device inode priority name */
const row = /^DUPTYPE_([A-Z_]+) -?(\d+) \d+ (\d+) \d+ \d+ -?\d+ (.*)$/s;

interface Row {
  readonly type: string;
  readonly id: string;
  readonly size: number;
  name: string;
}

/** rdfind's results.txt. A newline in a name stands raw: a line that is no row belongs to the name before. */
export class RdfindText implements LineFormat {
  readonly #groups: GroupBuilder;
  #hasBegun = false;
  /** Its name may go on. */
  #row: Row | null = null;
  /** Of the open group. */
  #id: string | null = null;
  /** The end mark was the last line, empty ones aside. */
  #isEnded = false;
  #blankLines = 0;

  constructor(groups: GroupBuilder) {
    this.#groups = groups;
  }

  detail(): string {
    return "rdfind";
  }

  line(text: string): void {
    if (this.#isEnded && text !== "") {
      // It was part of a name after all.
      this.#isEnded = false;
      this.#continue(endMark);
    }
    const [, type, id = "", size = "", name = ""] = row.exec(text) ?? [];
    if (type !== undefined) {
      this.#finishRow();
      this.#hasBegun = true;
      this.#row = { type, id, size: Number(size), name };
    } else if (text === "" && (this.#isEnded || this.#row === null)) return;
    else if (text === endMark) this.#isEnded = true;
    else if (text === "") this.#blankLines++;
    else if (this.#row !== null) this.#continue(text);
    else if (/^# (?:Automatically generated|duptype )/.test(text)) this.#hasBegun = true;
    else throw new NotUnderstood("is no results file of rdfind");
  }

  end(rest: string | null): Completeness {
    const isEnded = rest === null ? this.#isEnded : rest === endMark && !this.#isEnded;
    if (isEnded) {
      this.#finishRow();
      this.#groups.end();
      return complete;
    }
    if (rest !== null && !this.#hasBegun && !"# Automatically generated".startsWith(rest)) {
      throw new NotUnderstood("is no results file of rdfind");
    }
    this.#groups.abandon();
    return incomplete("rdfind's end mark is missing");
  }

  #continue(text: string): void {
    if (this.#row !== null) this.#row.name = continued(this.#row.name, this.#blankLines, text);
    this.#blankLines = 0;
  }

  #finishRow(): void {
    if (this.#row === null) return;
    const { type, id, size, name } = this.#row;
    if (id !== this.#id) {
      this.#groups.end();
      this.#groups.begin();
      this.#id = id;
    }
    const path = pathOfRawText(this.#blankLines === 0 ? name : continued(name, this.#blankLines - 1, ""));
    this.#row = null;
    this.#blankLines = 0;
    if (type === "UNKNOWN") this.#groups.skip("files without a duplicate", path);
    else if (!Number.isSafeInteger(size)) this.#groups.skip("sizes that are no number of bytes", path);
    else this.#groups.add(path, { size });
  }
}
