import { splitExtension } from "../model/path.ts";

/** The name that an edited copy was made from. */
export interface EditedName {
  readonly name: string;
  /** The mark of the edit was cut off in the middle, so that the name is a guess. */
  readonly cut: boolean;
}

// Google Photos writes the mark in the language of its user; those of its own effects are always English.
const marks = [
  ...[
    "-edited",
    "-bearbeitet",
    "-modifié",
    "-modificato",
    "-bewerkt",
    "-edytowane",
    "-編集済み",
    "-编辑",
    "-ha editado",
  ],
  ...["-editado", "-editat", "-effects", "-smile", "-mix", "-motion", "-animation", "-collage"],
];
/** Google cuts the part before the extension to 47 characters: only so long a name can have lost its end. */
const longStem = 44;

/**
 * The names a photo may have been edited from, best first: `x-edited.jpg` comes from `x.jpg`, `x-edited(1).jpg`
 * from `x(1).jpg` or else `x.jpg`. Empty for a name without such a mark.
 *
 * @param name In Unicode form NFC.
 */
export function editedNames(name: string): readonly EditedName[] {
  const [whole, extension] = splitExtension(name);
  const [, stem = whole, counter = ""] = /^(.+?)(\(\d+\))$/s.exec(whole) ?? [];
  const found = originalStem(stem);
  if (found === null) return [];
  const names = counter === "" ? [found.stem] : [`${found.stem}${counter}`, found.stem];
  return names.map((original) => ({ name: `${original}${extension}`, cut: found.cut }));
}

function originalStem(stem: string): { readonly stem: string; readonly cut: boolean } | null {
  const lower = stem.toLowerCase();
  const whole = marks.find((mark) => lower.endsWith(mark));
  if (whole !== undefined)
    return stem.length === whole.length ? null : { stem: stem.slice(0, -whole.length), cut: false };
  if (stem.length < longStem) return null;
  const dash = lower.lastIndexOf("-");
  const rest = lower.slice(dash);
  const isCut = dash > 0 && rest.length > 1 && marks.some((mark) => mark.startsWith(rest));
  return isCut ? { stem: stem.slice(0, dash), cut: true } : null;
}
