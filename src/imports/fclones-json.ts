import { stfu8Path } from "./escapes.ts";
import { type FclonesCommand, fclonesCommand, fclonesDetail, fclonesHash, unknownCommand } from "./fclones-command.ts";
import type { GroupBuilder } from "./groups.ts";
import type { Json, JsonFormat } from "./json-document.ts";
import { type Fields, fieldsOf, isStart, restOf } from "./json-fields.ts";
import { NotUnderstood } from "./understanding.ts";

const ofHeader = new Set(["version", "command"]);
const ofGroup = new Set(["file_len", "file_hash"]);

/** `fclones group --format json`. */
export class FclonesJson implements JsonFormat {
  readonly #groups: GroupBuilder;
  #version: string | null = null;
  #command: FclonesCommand = unknownCommand;
  #hasGroups = false;

  constructor(groups: GroupBuilder) {
    this.#groups = groups;
  }

  detail(): string {
    return fclonesDetail(this.#version, this.#command);
  }

  *read(): Json<void> {
    if ((yield).name !== "startObject") throw new NotUnderstood("is no report of fclones");
    yield* fieldsOf(new Set(), (name, start) => {
      if (name === "header" && start.name === "startObject") return this.#header();
      if (name !== "groups" || start.name !== "startArray") return null;
      this.#hasGroups = true;
      return this.#allGroups();
    });
    if (!this.#hasGroups) throw new NotUnderstood("is no report of fclones: it has no groups");
  }

  cutOff(): void {
    this.#groups.abandon();
  }

  gap(): null {
    return null;
  }

  *#header(): Json<void> {
    const words: string[] = [];
    const fields = yield* fieldsOf(ofHeader, (name, start) =>
      name === "command" && start.name === "startArray" ? collect(words) : null,
    );
    this.#version = fields.text("version");
    this.#command = fields.has("command") ? fclonesCommand(words) : unknownCommand;
  }

  *#allGroups(): Json<void> {
    for (;;) {
      const token = yield;
      if (token.name === "endArray") return;
      this.#groups.begin(() => this.#command.agreeIn);
      if (token.name === "startObject") yield* this.#group();
      else {
        this.#groups.skip("entries that are not understood");
        if (isStart(token)) yield* restOf();
      }
    }
  }

  *#group(): Json<void> {
    const fields = yield* fieldsOf(ofGroup, (name, start, before) => {
      if (name !== "files" || start.name !== "startArray") return null;
      this.#know(before);
      return this.#files();
    });
    this.#know(fields);
    if (fields.hasTwice) this.#groups.refuse("entries with a field twice");
    if (fields.size("file_len") === "wrong") this.#groups.refuse("sizes that are no number of bytes");
    this.#groups.end();
  }

  #know(fields: Fields): void {
    const size = fields.size("file_len");
    this.#groups.know({
      size: size === "wrong" ? null : size,
      hash: fclonesHash(this.#command, fields.text("file_hash")),
    });
  }

  *#files(): Json<void> {
    for (;;) {
      const token = yield;
      if (token.name === "endArray") return;
      if (token.name === "stringValue") this.#groups.add(stfu8Path(token.value));
      else {
        this.#groups.skip("entries that are not understood");
        if (isStart(token)) yield* restOf();
      }
    }
  }
}

/** Words that may be options; paths are of no interest, and there may be millions. */
const mostWords = 1_000;

/** Keeps of a command line what may be an option or its value. */
function* collect(words: string[]): Json<void> {
  for (let before = ""; ; ) {
    const token = yield;
    if (token.name === "endArray") return;
    if (isStart(token)) yield* restOf();
    if (token.name !== "stringValue") continue;
    const isOption = token.value.startsWith("--") || before === "--hash-fn";
    if (isOption && token.value.length < 100) words.push(token.value);
    if (words.length > mostWords) throw new NotUnderstood("names a command with more options than any has");
    before = token.value;
  }
}
