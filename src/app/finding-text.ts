import type { Finding, GoodCopy } from "../inventory/findings.ts";
import { describeTrouble } from "./trouble.ts";

/** Copies that a sentence names; the others are counted. */
const named = 3;

/** The problem that a finding is: a code, and a sentence that says where the content is to be had. */
export function describeFinding(finding: Finding & { readonly code?: string }): { code: string; message: string } {
  const { kind, expected, actual, copies, code = "" } = finding;
  const became = `(${expected?.slice(0, 8) ?? ""}… became ${actual?.slice(0, 8) ?? ""}…)`;
  switch (kind) {
    case "damaged":
      return {
        code: "ENTRY_DAMAGED",
        message: `its content is not what was recorded ${became}, though its size and time are: suspect the archive's disk, or memory; ${copiesText(copies)}`,
      };
    case "edited":
      return {
        code: "ENTRY_EDITED",
        message: `somebody wrote to it: neither its content ${became} nor its size or time is what was recorded; ${copiesText(copies)}`,
      };
    case "touched":
      return { code: "ENTRY_CHANGED", message: "its content is what was recorded, but its time is not" };
    case "missing":
      return { code: "ENTRY_GONE", message: `it is not on the disk any more; ${copiesText(copies)}` };
    case "unreadable":
      return {
        code,
        message: code === "EIO" ? `${describeTrouble(code)}; ${copiesText(copies)}` : describeTrouble(code),
      };
  }
}

/** Whether other bytes stand in the place of those that were recorded. */
export function isDamage({ kind }: Finding): boolean {
  return kind === "damaged" || kind === "edited";
}

/** Whether no bytes stand there that could be had. */
export function isLoss({ kind, code }: Finding & { readonly code: string }): boolean {
  return kind === "missing" || (kind === "unreadable" && code === "EIO");
}

/** Which sources still hold a content. */
function copiesText(copies: readonly GoodCopy[]): string {
  if (copies.length === 0) return "according to the last scan no source has a copy";
  const names = copies.slice(0, named).map(({ source, path }) => `${source}: ${path}`);
  const more = copies.length > named ? ` and ${copies.length - named} more` : "";
  return `good copies according to the last scan: ${names.join(", ")}${more}`;
}
