import { closeSync } from "node:fs";
import { systemCode } from "../model/errors.ts";

/**
 * Closes a file of which nothing is wanted any more: what was to be read was read, or what was written is thrown away.
 * A share may fail even here. Never for a file that was written and is to stay: there a failure is the last word.
 */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch (error) {
    if (systemCode(error) === null) throw error;
  }
}
