import type { Category } from "../model/category.ts";
import type { WallClock } from "../model/evidence.ts";
import type { SourceName } from "../model/file.ts";
import { joinPath, type PathText, pathTextOf, splitExtension } from "../model/path.ts";
import { foldedKey } from "./names.ts";

/** A template such as "photos/{yyyy}/{mm}/{name}", checked and taken apart. */
export interface Layout {
  readonly template: string;
  readonly parts: readonly Part[];
}

/** What a template may ask about a file. */
export interface LayoutFacts {
  /** When it was captured, as far as that is known. */
  readonly at: WallClock | null;
  readonly name: PathText;
  /** Its folder below its source's root; "" for the root itself. */
  readonly dir: PathText;
  readonly source: SourceName;
  readonly category: Category;
}

/** One part between slashes: texts and fields in turn. */
type Part = readonly Piece[];
type Piece = { readonly text: string } | { readonly field: Field };
type Field = (typeof fields)[number];

const fields = ["yyyy", "yy", "mm", "dd", "name", "stem", "ext", "dir", "source", "category"] as const;
const dateFields: ReadonlySet<string> = new Set(["yyyy", "yy", "mm", "dd"]);
const nameFields: ReadonlySet<string> = new Set(["name", "stem", "ext"]);
/** Folders at the archive's root that are not the layout's, folded. */
const reserved: ReadonlySet<string> = new Set(["by-source", ".onefold"]);

/** Takes a template apart. @returns the problem, as a sentence for the config's author, if it is none. */
export function parseLayout(template: string): Layout | string {
  if (template === "") return "is empty";
  if (template.startsWith("/")) return "must not begin with a slash: it is a path inside the archive";
  if (/[\\\x00-\x1f\x7f-\x9f\p{Cs}]/u.test(template)) return "must not hold backslashes or control characters";
  const parts: Part[] = [];
  for (const text of template.split("/")) {
    const part = parsePart(text);
    if (typeof part === "string") return part;
    parts.push(part);
  }
  return problemOf(parts) ?? { template, parts };
}

/**
 * The path a file wants in the archive. Pure text: whether it is free, and how
 * long a name may be, is for `settle` to see to.
 *
 * What no evidence tells is written "unknown", or "undated" if there is no
 * date at all: in the first part that asks for it; further such parts vanish.
 */
export function place(layout: Layout, facts: LayoutFacts): PathText {
  const values = valuesOf(facts);
  const gap = values.yyyy === undefined ? "undated" : "unknown";
  const last = layout.parts.length - 1;
  const done: string[] = [];
  let told = false;
  for (const [n, part] of layout.parts.entries()) {
    const asks = part.some((piece) => "field" in piece && values[piece.field] === undefined);
    if (asks && told && n < last && !part.some((piece) => "field" in piece && isKnownDate(piece.field, values)))
      continue;
    done.push(...partText(part, values, told ? null : gap).split("/"));
    told ||= asks;
  }
  // Folders named "." or ".." cannot come from a disk; should one come all the same, it must not lead out of the archive.
  const [first = "", ...rest] = done.filter((part) => part !== "" && part !== "." && part !== "..");
  return joinPath(reserved.has(foldedKey(first)) ? `_${first}` : first, ...rest);
}

type Values = Readonly<Record<Field, string | undefined>>;

function valuesOf({ at, name, dir, source, category }: LayoutFacts): Values {
  const [, yyyy, mm, dd] = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?/.exec(at ?? "") ?? [];
  const [stem, extension] = splitExtension(name);
  return {
    yyyy,
    yy: yyyy?.slice(2),
    mm,
    dd,
    name,
    stem,
    ext: extension.slice(1),
    dir,
    source: pathTextOf(source),
    category,
  };
}

function isKnownDate(field: Field, values: Values): boolean {
  return dateFields.has(field) && values[field] !== undefined;
}

/** @param gap What to write for the first date field that is unknown; null if that was said in a part before. */
function partText(part: Part, values: Values, gap: string | null): string {
  const done: string[] = [];
  let told = gap === null;
  for (let n = 0; n < part.length; n++) {
    const piece = part[n];
    if (piece === undefined) continue;
    const value = "text" in piece ? piece.text : values[piece.field];
    if (value !== undefined) {
      done.push(value);
    } else if (!told) {
      done.push(gap ?? "");
      told = true;
    } else if (isText(part[n - 1])) {
      // "2008-unknown-unknown" says no more than "2008-unknown": the text between goes with the field.
      done.pop();
    } else if (isText(part[n + 1])) {
      n++;
    }
  }
  // "{stem}.{ext}" of a name without extension has no dot either; a name that ends in a dot keeps it.
  const text = done.join("");
  return endsInExtension(part) && values.name === values.stem ? text.slice(0, -1) : text;
}

const isText = (piece: Piece | undefined) => piece !== undefined && "text" in piece;

function endsInExtension(part: Part): boolean {
  const last = part.at(-1);
  return last !== undefined && "field" in last && last.field === "ext";
}

function parsePart(text: string): Part | string {
  if (text === "") return "must not hold an empty folder name (two slashes in a row, or one at the end)";
  const part: Piece[] = [];
  for (const [piece] of text.matchAll(/\{[^{}]*\}|[^{}]+|[{}]/g)) {
    const field = fields.find((known) => piece === `{${known}}`);
    if (field !== undefined) part.push({ field });
    else if (piece.length > 1 && piece.startsWith("{"))
      return `does not know the field ${piece}; there are ${listOfFields}`;
    else if (piece === "{" || piece === "}") return `has a "${piece}" without its counterpart`;
    else part.push({ text: piece });
  }
  if (text === "." || text === "..") return `must not hold the folder "${text}"`;
  return part;
}

const listOfFields = fields.map((field) => `{${field}}`).join(" ");

function problemOf(parts: readonly Part[]): string | null {
  const first = parts[0]?.map((piece) => ("text" in piece ? piece.text : "{}")).join("") ?? "";
  if (reserved.has(foldedKey(first))) return `must not begin with ${first}: that folder is kept by onefold itself`;
  const dirs = parts.filter(
    (part) => part.length > 1 && part.some((piece) => "field" in piece && piece.field === "dir"),
  );
  if (dirs.length > 0) return "must hold {dir} as a folder of its own: it may stand for several folders, or none";
  const names = parts.slice(0, -1).flat();
  if (names.some((piece) => "field" in piece && nameFields.has(piece.field))) {
    return "must use {name}, {stem} and {ext} only behind the last slash";
  }
  return endsInName(parts.at(-1) ?? [])
    ? null
    : "must end in {name}, or in {stem} and .{ext}, so that files keep their names";
}

function endsInName(part: Part): boolean {
  const last = part.at(-1);
  if (last === undefined || "text" in last) return false;
  if (last.field === "name") return true;
  const before = part.at(-2);
  const hasDot = before !== undefined && "text" in before && before.text.endsWith(".");
  return last.field === "ext" && hasDot && part.some((piece) => "field" in piece && piece.field === "stem");
}
