/** A key of a document as the parsed value has it: names, and numbers for the elements of arrays. */
export type KeyPath = readonly (string | number)[];

/** Tells the line, counted from 1, in which a key stands; for a key that is not there, that of the table it would be in. */
export type LineOf = (path: KeyPath) => number;

/**
 * Finds where the keys of a TOML document stand, which its parser does not tell.
 *
 * @param text A valid document: one that is not gets some answer, but no error.
 */
export function keyLines(text: string): LineOf {
  const scanner = new Scanner(text);
  scanner.document();
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = scanner.lines.get(idOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

const idOf = (path: KeyPath) => path.map(String).join("\0");

class Scanner {
  /** First line of each key, by {@link idOf}. */
  readonly lines = new Map<string, number>();
  readonly #text: string;
  /** Number of elements so far of each array of tables. */
  readonly #elements = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    let table: KeyPath = [];
    for (this.#blanks(); this.#at < this.#text.length; this.#blanks()) {
      const before = this.#at;
      if (this.#skips("[[")) table = this.#header("]]");
      else if (this.#skips("[")) table = this.#header("]");
      else this.#assignment(table);
      if (this.#at === before) this.#at++;
    }
  }

  #header(end: "]" | "]]"): KeyPath {
    const names = this.#names();
    this.#skips(end);
    let path: KeyPath = [];
    for (const [n, name] of names.entries()) {
      path = [...path, name];
      const id = idOf(path);
      const isNew = end === "]]" && n === names.length - 1;
      const elements = (this.#elements.get(id) ?? 0) + (isNew ? 1 : 0);
      if (elements > 0) {
        this.#elements.set(id, elements);
        this.#note(path);
        path = [...path, elements - 1];
      }
    }
    this.#note(path);
    return path;
  }

  #assignment(table: KeyPath): void {
    let path = table;
    for (const name of this.#names()) {
      path = [...path, name];
      this.#note(path);
    }
    this.#skips("=");
    this.#value(path);
  }

  #value(path: KeyPath): void {
    this.#blanks();
    this.#note(path);
    if (this.#skips("[")) this.#list("]", (n) => this.#value([...path, n]));
    else if (this.#skips("{")) this.#list("}", () => this.#assignment(path));
    else if (this.#string() === null) this.#take(/[^,\]}#\n]*/y);
  }

  #list(end: string, element: (n: number) => void): void {
    for (let n = 0; ; n++) {
      this.#blanks();
      if (this.#skips(end) || this.#at >= this.#text.length) return;
      const before = this.#at;
      element(n);
      this.#blanks();
      this.#skips(",");
      if (this.#at === before) this.#at++;
    }
  }

  /** A key: bare or quoted names with dots between. */
  #names(): string[] {
    const names: string[] = [];
    do {
      this.#take(/[ \t]*/y);
      names.push(this.#string() ?? this.#take(/[A-Za-z0-9_-]*/y));
      this.#take(/[ \t]*/y);
    } while (this.#skips("."));
    return names;
  }

  #string(): string | null {
    for (const pattern of [
      /"""(?:[^"\\]|\\[\s\S]|""?(?!"))*"{3,5}|'''[\s\S]*?'{3,5}/y,
      /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y,
    ]) {
      const text = this.#take(pattern);
      if (text !== "") return unquoted(text);
    }
    return null;
  }

  #blanks(): void {
    this.#take(/(?:\s|#.*)*/y);
  }

  #skips(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [text = ""] = pattern.exec(this.#text) ?? [];
    this.#at += text.length;
    this.#line += text.split("\n").length - 1;
    return text;
  }

  #note(path: KeyPath): void {
    const id = idOf(path);
    if (!this.lines.has(id)) this.lines.set(id, this.#line);
  }
}

/** Enough for keys: of the escapes only those that JSON has, too. */
function unquoted(text: string): string {
  if (!text.startsWith('"') || text.startsWith('"""')) return text.slice(1, -1);
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}
