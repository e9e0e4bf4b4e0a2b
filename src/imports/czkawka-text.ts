import type { PathText } from "../model/path.ts";
import { rustDebugPath } from "./escapes.ts";
import type { GroupBuilder } from "./groups.ts";
import type { Agreement, Completeness } from "./import.ts";
import { continued, type LineFormat, PathBeginnings } from "./lines.ts";
import { pathOfRawText } from "./raw-text.ts";
import { complete, incomplete } from "./reader.ts";
import { NotUnderstood } from "./understanding.ts";

const section = /^-{20,}Files with same (hashes|size|names|size and names)( in referenced folders)?-{20,}$/;
const nothing = /^Not found any (?:duplicates|files with same (?:size and )?names)\.$/;
const total = /^Found \d+ (?:duplicated )?files (?:which )?in (\d+) groups/;
const sizedGroup = /^---- Size .* \((\d+)\) - (\d+) files ?$/;
const namedGroup = /^Name - .* - (\d+) files ?$/s;
const reference = /^Reference file - /;

const agreements: Readonly<Record<string, Agreement>> = {
  hashes: "content",
  size: "size",
  names: "name",
  "size and names": "size and name",
};

/**
 * czkawka's text: a heading, the number of groups, then for each group a heading with the number of its files, and a
 * path a line. It has no hashes and no times, and what is no UTF-8 was lost.
 *
 * Paths stand bare up to 6.1, the way Rust quotes them in 7.0, in quotes but otherwise bare since 8.0; there
 * newlines in names stand raw, so a line that begins no path belongs to the name before.
 */
export class CzkawkaText implements LineFormat {
  readonly #groups: GroupBuilder;
  readonly #paths = new PathBeginnings();
  #lines = 0;
  /** Since 8.0, where quotes mean no escapes. */
  #namesReferences = false;
  #agreeIn: Agreement | null = null;
  #isEmpty = false;
  #hasReference = false;
  #groupsWritten: number | null = null;
  #groupsRead = 0;
  #filesWritten: number | null = null;
  #name: string | null = null;
  /** The name has begun with a quote that has not been closed. */
  #isNameOpen = false;
  #blankLines = 0;

  constructor(groups: GroupBuilder) {
    this.#groups = groups;
  }

  detail(): string {
    const by = this.#agreeIn === null ? "" : `, by ${this.#agreeIn === "content" ? "hash" : this.#agreeIn}`;
    return `czkawka, as text${by}${this.#hasReference ? ", with reference folders" : ""}`;
  }

  line(text: string): void {
    const count = this.#lines++;
    if (count === 0) this.#readFirst(text);
    else if (this.#agreeIn === null) this.#readHeading(text);
    else if (text === "") this.#blankLines++;
    else if (this.#isNameOpen) this.#continue(text);
    else if (!this.#beginGroup(text)) this.#takeMember(text);
  }

  end(rest: string | null): Completeness {
    if (rest !== null && nothing.test(rest)) this.#isEmpty = true;
    else if (rest !== null && this.#lines === 0) this.#readFirst(rest);
    if (this.#isEmpty) return complete;
    const isCut = rest !== null || this.#isNameOpen || !this.#isGroupWhole();
    if (isCut) this.#groups.abandon();
    else this.#endGroup();
    if (isCut || this.#groupsWritten === null) return incomplete("it ends too early");
    const isComplete = this.#groupsRead === this.#groupsWritten;
    return isComplete ? complete : incomplete(`it says ${this.#groupsWritten} groups and holds ${this.#groupsRead}`);
  }

  #readFirst(text: string): void {
    if (!/^Results of searching /.test(text) && !"Results of searching ".startsWith(text)) {
      throw new NotUnderstood("is no text that czkawka writes");
    }
    this.#namesReferences = /\] (?:\(reference directories|with reference paths) \[/.test(text);
  }

  #readHeading(text: string): void {
    const [, by, referenced] = section.exec(text) ?? [];
    this.#agreeIn = agreements[by ?? ""] ?? null;
    this.#hasReference = referenced !== undefined;
    if (nothing.test(text)) this.#isEmpty = true;
    else if (by === undefined && text !== "" && !text.startsWith("(Before optimizations")) {
      throw new NotUnderstood("is czkawka's list of something else than duplicates", {
        hint: "Only what `czkawka_cli dup` or the duplicate finder of its windows wrote can be imported.",
      });
    }
  }

  /** Whether the line did begin one. */
  #beginGroup(text: string): boolean {
    const [, groups] = (this.#groupsWritten === null && this.#filesWritten === null && total.exec(text)) || [];
    if (groups !== undefined) {
      this.#groupsWritten = Number(groups);
      return true;
    }
    const [, size = null, sizedFiles] = (this.#blankLines > 0 && sizedGroup.exec(text)) || [];
    const isNamed = this.#filesWritten === null || this.#blankLines > 0;
    const files = sizedFiles ?? ((isNamed && namedGroup.exec(text)) || [])[1];
    if (files === undefined) return false;
    this.#endGroup();
    const agreeIn = this.#agreeIn ?? "name";
    this.#groups.begin(() => agreeIn);
    this.#groups.know({ size: size === null ? null : Number(size) });
    if (size !== null && !Number.isSafeInteger(Number(size))) this.#groups.refuse("sizes that are no number of bytes");
    this.#filesWritten = Number(files) + (this.#hasReference ? 1 : 0);
    return true;
  }

  #takeMember(text: string): void {
    const bare = text.replace(reference, "");
    const beginsPath = this.#paths.begins(bare.replace(/^"/, ""));
    if (!beginsPath && this.#name !== null) this.#continue(text);
    else if (this.#filesWritten === null) this.#groups.skipped.add("entries that are not understood", text);
    else {
      this.#endName();
      if (beginsPath) this.#beginName(text, bare);
      else this.#groups.skip("paths that are not absolute", text);
    }
  }

  #beginName(text: string, bare: string): void {
    this.#name = text;
    this.#isNameOpen = bare.startsWith('"') && !/."$/s.test(bare);
  }

  #continue(text: string): void {
    this.#name = continued(this.#name ?? "", this.#blankLines, text);
    this.#isNameOpen &&= !text.endsWith('"');
    this.#blankLines = 0;
  }

  #isGroupWhole(): boolean {
    return this.#filesWritten === null || this.#groups.count + (this.#name === null ? 0 : 1) >= this.#filesWritten;
  }

  #endGroup(): void {
    this.#endName();
    if (this.#filesWritten === null) return;
    if (this.#groups.count !== this.#filesWritten) {
      this.#groups.refuse("groups whose number of files is not the one written");
    }
    this.#groups.end();
    this.#groupsRead++;
    this.#filesWritten = null;
  }

  #endName(): void {
    if (this.#name !== null) this.#groups.add(this.#pathOf(this.#name));
    this.#name = null;
    this.#isNameOpen = false;
    this.#blankLines = 0;
  }

  #pathOf(written: string): PathText | null {
    const name = written.replace(reference, "");
    if (!name.startsWith('"')) return pathOfRawText(name);
    const quoted = name.slice(1, -1);
    // Some versions since 8.0 wrote only the reference file the way of 7.0.
    const maybeDebug = !this.#namesReferences || (name !== written && /\\[\\"]/.test(quoted));
    const debug = maybeDebug ? rustDebugPath(quoted) : null;
    return debug !== null && /^(?:\/|[A-Za-z]:|\\x5c\\x5c)/.test(debug) ? debug : pathOfRawText(quoted);
  }
}
