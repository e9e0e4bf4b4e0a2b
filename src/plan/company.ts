import { nameOf, type PathText, splitExtension } from "../model/path.ts";

/**
 * The name of a file that keeps company with a main file ("IMG_1.MOV", "IMG_1.JPG.xmp"),
 * after the main file got the name of its entry: the base name follows, the rest stays.
 *
 * @param name of the member, beside `mainName` in the same folder of its source.
 * @param entry Name or path of the main file's entry.
 */
export function nameInCompany(name: PathText, mainName: PathText, entry: PathText): PathText {
  const [mainStem] = splitExtension(mainName);
  const [entryStem] = splitExtension(nameOf(entry));
  if (name.startsWith(mainStem)) return `${entryStem}${name.slice(mainStem.length)}` as PathText;
  // "IMG_E1234.JPG" beside "IMG_1234.JPG" shares no beginning: it takes over what was added to the end.
  const added = entryStem.startsWith(mainStem) ? entryStem.slice(mainStem.length) : "";
  const [stem, extension] = splitExtension(name);
  return `${stem}${added}${extension}` as PathText;
}

/** The base name that a group shares. */
export function stemOf(path: PathText): string {
  return splitExtension(nameOf(path))[0];
}
