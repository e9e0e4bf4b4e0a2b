import type { GroupBuilder } from "./groups.ts";
import type { Json, JsonFormat } from "./json-document.ts";
import { type Fields, fieldsOf, isStart, restOf } from "./json-fields.ts";
import { NotUnderstood } from "./understanding.ts";

const ofDocument = new Set(["jdupesVersion", "commandLine"]);
const ofSet = new Set(["fileSize"]);
const ofFile = new Set(["filePath"]);

/** `jdupes --json`. Compared byte by byte, unless its command line says otherwise. */
export class JdupesJson implements JsonFormat {
  readonly #groups: GroupBuilder;
  #version: string | null = null;
  #isPartial = false;
  #hasSets = false;

  constructor(groups: GroupBuilder) {
    this.#groups = groups;
  }

  detail(): string {
    const by = this.#isPartial ? ", by the beginnings of the files only" : "";
    return `jdupes${this.#version === null ? "" : ` ${this.#version}`}${by}`;
  }

  *read(): Json<void> {
    if ((yield).name !== "startObject") throw new NotUnderstood("is no JSON of jdupes");
    const fields = yield* fieldsOf(ofDocument, (name, start, before) => {
      if (name !== "matchSets" || start.name !== "startArray") return null;
      this.#hasSets = true;
      this.#learn(before);
      return this.#sets();
    });
    this.#learn(fields);
    if (!this.#hasSets) throw new NotUnderstood("is no JSON of jdupes: it has no match sets");
  }

  cutOff(): void {
    this.#groups.abandon();
  }

  gap(): null {
    return null;
  }

  #learn(fields: Fields): void {
    this.#version = fields.text("jdupesVersion");
    // Options stand together ("-rTT"). A folder called "-T" makes less of the results, which is safe.
    this.#isPartial = /(?:^| )-(?:[A-Za-z0-9@]*T|-partial-only)/.test(fields.text("commandLine") ?? "");
  }

  *#sets(): Json<void> {
    for (;;) {
      const token = yield;
      if (token.name === "endArray") return;
      this.#groups.begin(() => (this.#isPartial ? "parts" : "content"));
      if (token.name === "startObject") yield* this.#set();
      else {
        this.#groups.skip("entries that are not understood");
        if (isStart(token)) yield* restOf();
      }
    }
  }

  *#set(): Json<void> {
    const fields = yield* fieldsOf(ofSet, (name, start, before) => {
      if (name !== "fileList" || start.name !== "startArray") return null;
      this.#know(before);
      return this.#files();
    });
    this.#know(fields);
    if (fields.hasTwice) this.#groups.refuse("entries with a field twice");
    if (fields.size("fileSize") === "wrong") this.#groups.refuse("sizes that are no number of bytes");
    this.#groups.end();
  }

  #know(fields: Fields): void {
    const size = fields.size("fileSize");
    this.#groups.know({ size: size === "wrong" ? null : size });
  }

  *#files(): Json<void> {
    for (;;) {
      const token = yield;
      if (token.name === "endArray") return;
      if (token.name !== "startObject") {
        this.#groups.skip("entries that are not understood");
        if (isStart(token)) yield* restOf();
        continue;
      }
      const file = yield* fieldsOf(ofFile);
      if (file.hasTwice) this.#groups.skip("entries with a field twice");
      else if (file.text("filePath") === null) this.#groups.skip("entries without a path");
      else this.#groups.add(file.path("filePath"));
    }
  }
}
