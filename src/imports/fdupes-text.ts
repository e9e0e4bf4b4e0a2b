import type { GroupBuilder } from "./groups.ts";
import type { Completeness, FormatName } from "./import.ts";
import { continued, type LineFormat, PathBeginnings } from "./lines.ts";
import { pathOfRawText } from "./raw-text.ts";
import { incomplete } from "./reader.ts";

const sizeLine = /^(\d+) bytes? each:$/;
const time = /^\d{4}-\d\d-\d\d \d\d:\d\d (?=\/)/;

/** Nothing in this format says where it ends. */
export const noEndMark =
  "the format has no end mark, so nobody can tell whether the file was cut at the end of a group";

/**
 * A path a line, an empty line after each group: fdupes, and what jdupes, rmlint, yadf and fclones write like it.
 * `-S` puts a line with the size before each group, `-t` a time before each path, local and to the minute, so of no use.
 *
 * A newline in a name stands raw: a line that is no path belongs to the name before. An empty line in a name
 * ends the group, wrongly, where it is followed by another path and no sizes are given.
 */
export class FdupesText implements LineFormat {
  readonly #groups: GroupBuilder;
  readonly #tool: FormatName;
  readonly #paths = new PathBeginnings();
  #name: string | null = null;
  /** Since the name. */
  #blankLines = 0;
  #hasSizes = false;
  #hasTimes: boolean | null = null;

  constructor(groups: GroupBuilder, tool: FormatName) {
    this.#groups = groups;
    this.#tool = tool;
  }

  detail(): string {
    return `${this.#tool}, as text`;
  }

  line(text: string): void {
    if (text === "") {
      if (this.#name !== null) this.#blankLines++;
      return;
    }
    const [, size] = sizeLine.exec(text) ?? [];
    const path = this.#pathIn(text);
    if (size !== undefined && (this.#name === null || (this.#hasSizes && this.#blankLines > 0))) this.#beginSized(size);
    else if (path !== null) this.#takePath(path);
    else if (this.#name !== null) {
      this.#name = continued(this.#name, this.#blankLines, text);
      this.#blankLines = 0;
    } else this.#groups.skip("paths that are not absolute", text);
  }

  /** jdupes writes no empty line after its last group, so one that ends with a line may be whole. */
  end(rest: string | null): Completeness {
    if (rest === null) this.#endName(this.#blankLines - 1);
    if (rest === null && this.#groups.count > 1) this.#groups.end();
    this.#groups.abandon();
    return incomplete(rest === null ? noEndMark : "it ends in the middle of a group");
  }

  #beginSized(size: string): void {
    this.#endGroup();
    this.#hasSizes = true;
    if (Number.isSafeInteger(Number(size))) this.#groups.know({ size: Number(size) });
    else this.#groups.refuse("sizes that are no number of bytes");
  }

  #takePath(path: string): void {
    const endsGroup = this.#blankLines > 0 && !this.#hasSizes;
    if (endsGroup) this.#endGroup();
    else this.#endName(this.#blankLines);
    this.#name = path;
  }

  #endGroup(): void {
    this.#endName(this.#blankLines - 1);
    this.#groups.end();
    this.#groups.begin();
  }

  /** @param newlines With which the name ends. */
  #endName(newlines: number): void {
    if (this.#name !== null) {
      this.#groups.add(pathOfRawText(newlines > 0 ? continued(this.#name, newlines - 1, "") : this.#name));
    }
    this.#name = null;
    this.#blankLines = 0;
  }

  #pathIn(text: string): string | null {
    this.#hasTimes ??= time.test(text) ? true : this.#paths.begins(text) ? false : null;
    if (this.#hasTimes === true) return time.test(text) ? text.replace(time, "") : null;
    return this.#paths.begins(text) ? text : null;
  }
}
