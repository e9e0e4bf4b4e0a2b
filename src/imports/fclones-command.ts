/** What the command line says that made a report of fclones. */
import type { Hash } from "../model/file.ts";
import type { Agreement } from "./import.ts";
import { hash256 } from "./json-fields.ts";
import { NotUnderstood } from "./understanding.ts";

export interface FclonesCommand {
  /** As the command names it; null if it cannot be known. */
  readonly hashFunction: string | null;
  readonly agreeIn: Agreement;
}

export const unknownCommand: FclonesCommand = { hashFunction: null, agreeIn: "content" };

/**
 * @param words Of the command line, in order.
 * @throws NotUnderstood if the files themselves were not compared.
 */
export function fclonesCommand(words: readonly string[]): FclonesCommand {
  if (words.some((word) => /^--transform(?:=|$)/.test(word))) {
    throw new NotUnderstood("was made with --transform: its files are equal only after that", {
      hint: "Run `fclones group` without --transform.",
    });
  }
  const functions = words.flatMap((word, n) => {
    const [, value = word === "--hash-fn" ? (words[n + 1] ?? "") : null] = /^--hash-fn=(.*)$/s.exec(word) ?? [];
    return value === null ? [] : [value];
  });
  const [only = "metro"] = functions;
  const isPartial = words.includes("--skip-content-hash");
  return { hashFunction: functions.length > 1 ? null : only, agreeIn: isPartial ? "parts" : "content" };
}

/** The hash of a group, if it is surely of the whole files and BLAKE3-256. */
export function fclonesHash({ hashFunction, agreeIn }: FclonesCommand, written: string | null): Hash | null {
  return hashFunction === "blake3" && agreeIn === "content" ? hash256(written) : null;
}

export function fclonesDetail(version: string | null, { hashFunction, agreeIn }: FclonesCommand): string {
  const by = agreeIn === "parts" ? "by parts of the files" : hashFunction === null ? "" : `by ${hashFunction} hash`;
  return [`fclones${version === null ? "" : ` ${version}`}`, by].filter((word) => word !== "").join(", ");
}
