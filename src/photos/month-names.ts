/** Months as people write them in folder names: English, German, French, Italian, Spanish, Portuguese, Dutch. */
const spellings: readonly string[] = [
  "january januar jänner janvier gennaio enero janeiro januari jan",
  "february februar feber février fevrier febbraio febrero fevereiro februari feb",
  "march märz maerz mars marzo março marco maart mar mär",
  "april avril aprile abril apr",
  "may mai maggio mayo maio mei",
  "june juni juin giugno junio junho jun",
  "july juli juillet luglio julio julho jul",
  "august août aout agosto augustus aug",
  "september septembre settembre septiembre setembro sept sep",
  "october oktober octobre ottobre octubre outubro oct okt",
  "november novembre noviembre novembro nov",
  "december dezember décembre decembre dicembre diciembre dezembro dec dez",
];

const numbers: ReadonlyMap<string, number> = new Map(
  spellings.flatMap((names, month) => names.split(" ").map((name) => [name, month + 1] as const)),
);

/** Source of a regular expression (flags `iu`) that finds any of the names as a whole word. */
export const monthName = `(?<!\\p{L})(?:${[...numbers.keys()].sort((a, b) => b.length - a.length).join("|")})(?!\\p{L})`;

/** 1..12 for a name that {@link monthName} found. */
export function monthNumber(name: string): number {
  return numbers.get(name.toLowerCase()) ?? Number.NaN;
}
