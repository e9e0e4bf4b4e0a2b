/** Looks at one folder and says what it found: arguments are its path and how messages call it. */
import { AppError } from "../model/errors.ts";
import type { PathText } from "../model/path.ts";
import { listRoot } from "../sources/roots.ts";
import type { LookResult } from "./doctor-look.ts";

const [path = "", what = ""] = process.argv.slice(2);
process.stdout.write(JSON.stringify(look(path as PathText, what)));

function look(root: PathText, name: string): LookResult {
  try {
    return listRoot(root, name);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, exitCode, message, hint } = error;
    return { error: { code, exitCode, message, hint } };
  }
}
