import { stfu8Path } from "./escapes.ts";
import { type FclonesCommand, fclonesCommand, fclonesDetail, fclonesHash, unknownCommand } from "./fclones-command.ts";
import type { GroupBuilder } from "./groups.ts";
import type { Completeness } from "./import.ts";
import type { LineFormat } from "./lines.ts";
import { complete, incomplete } from "./reader.ts";
import { NotUnderstood } from "./understanding.ts";

const groupLine = /^([0-9a-f]*), (\d+) B \([^)]*\) \* (\d+):$/;

/** fclones' default report: `#` lines, then groups of indented paths. Its header says how many groups there are. */
export class FclonesText implements LineFormat {
  readonly #groups: GroupBuilder;
  #version: string | null = null;
  #command: FclonesCommand = unknownCommand;
  #groupsWritten: number | null = null;
  #groupsRead = 0;
  /** Files that the open group has by its first line. */
  #filesWritten: number | null = null;

  constructor(groups: GroupBuilder) {
    this.#groups = groups;
  }

  detail(): string {
    return `${fclonesDetail(this.#version, this.#command)}, as text`;
  }

  line(text: string): void {
    const [, hash, size = "", files = ""] = groupLine.exec(text) ?? [];
    if (this.#filesWritten === null && text.startsWith("#")) this.#readHeader(text);
    else if (hash !== undefined) this.#beginGroup(hash, Number(size), Number(files));
    else if (this.#filesWritten === null) throw new NotUnderstood("is no report of fclones");
    else if (text.startsWith("    ")) this.#groups.add(stfu8Path(text.slice(4)));
    else if (text !== "") this.#groups.skip("entries that are not understood", text);
  }

  end(rest: string | null): Completeness {
    if (rest !== null || !this.#isGroupWhole()) {
      this.#groups.abandon();
      return incomplete("it ends in the middle of a group");
    }
    this.#endGroup();
    if (this.#groupsWritten === null) return incomplete("it does not say how many groups there are");
    const isComplete = this.#groupsRead === this.#groupsWritten;
    return isComplete ? complete : incomplete(`it says ${this.#groupsWritten} groups and holds ${this.#groupsRead}`);
  }

  #readHeader(text: string): void {
    const [, version] = /^# Report by fclones (\S+)/.exec(text) ?? [];
    const [, command] = /^# Command: (.*)$/.exec(text) ?? [];
    const [, groups] = /^# (?:Total: .* in |Found )(\d+) (?:file )?groups$/.exec(text) ?? [];
    if (version !== undefined) this.#version = version;
    if (command !== undefined) this.#command = commandOf(command);
    if (groups !== undefined) this.#groupsWritten = Number(groups);
  }

  #beginGroup(hash: string, size: number, files: number): void {
    this.#endGroup();
    this.#filesWritten = files;
    this.#groups.begin(() => this.#command.agreeIn);
    this.#groups.know({ size, hash: fclonesHash(this.#command, hash) });
    if (!Number.isSafeInteger(size)) this.#groups.refuse("sizes that are no number of bytes");
  }

  #isGroupWhole(): boolean {
    return this.#filesWritten === null || this.#groups.count >= this.#filesWritten;
  }

  #endGroup(): void {
    if (this.#filesWritten === null) return;
    if (this.#groups.count !== this.#filesWritten) {
      this.#groups.refuse("groups whose number of files is not the one written");
    }
    this.#groups.end();
    this.#groupsRead++;
    this.#filesWritten = null;
  }
}

/** fclones quotes words with special characters, `'--hash-fn=blake3'`. Where it also escapes, the function is not sure. */
function commandOf(line: string): FclonesCommand {
  const words = line.match(/'[^']*'|[^' ]+/g) ?? [];
  const command = fclonesCommand(words.map((word) => word.replace(/^'(.*)'$/s, "$1")));
  return /["\\$]/.test(line) ? { ...command, hashFunction: null } : command;
}
