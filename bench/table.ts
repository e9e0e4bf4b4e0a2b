/** A table in Markdown, its columns aligned so that it can be read as it is. @param rows As many cells as there are titles. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(3, ...all.map((cells) => [...(cells[column] ?? "")].length)));
  const line = (cells: readonly string[]) => {
    return `| ${widths.map((width, column) => padded(cells[column] ?? "", width, column > 0)).join(" | ")} |`;
  };
  const rule = `|${widths.map((width, column) => (column === 0 ? `-${"-".repeat(width)}-` : `-${"-".repeat(width)}:`)).join("|")}|`;
  return [line(titles), rule, ...rows.map(line)].join("\n");
}

function padded(cell: string, width: number, right: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - [...cell].length));
  return right ? blanks + cell : cell + blanks;
}
