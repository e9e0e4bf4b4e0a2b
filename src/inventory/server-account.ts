/**
 * Under which account PostgreSQL runs. It refuses to run as root; for root
 * there are three ways, tried in this order, none of which changes the system:
 * a user namespace in which root is called 1000; an unprivileged user that may
 * pass every folder (setpriv); plainly such a user.
 */
import { execFile, type SpawnOptions } from "node:child_process";
import { chmod, chown, lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** How a program is started so that it runs under the account. */
export interface Account {
  /** For messages and the log: "user nobody (65534)". */
  readonly name: string;
  /** Put in front of the program. */
  readonly prefix: readonly string[];
  readonly spawn: Pick<SpawnOptions, "uid" | "gid">;
  /** Who must own the data folder and that of the sockets; null: they are as they should be. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

const unchanged: Account = { name: "the same user", prefix: [], spawn: {}, owner: null };
const inNamespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"];

/**
 * @param dataFolder Need not exist yet; if it belongs to another user than root, that user is meant.
 * @param probe A harmless command to try a way with, e.g. `postgres --version`.
 */
export async function chooseAccount(
  dataFolder: string,
  probe: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Account> {
  if (process.getuid?.() !== 0) return unchanged;
  const owner = await lstat(dataFolder).catch(() => null);
  if ((owner?.uid ?? 0) === 0 && (await works([...inNamespace, ...probe], environment))) {
    return { ...unchanged, name: "root in a user namespace", prefix: inNamespace };
  }
  const user = owner !== null && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : await unprivilegedUser();
  const passing = passEverywhere(user);
  if (await works([...passing, ...probe], environment)) {
    return { name: `user ${user.uid}`, prefix: passing, spawn: {}, owner: user };
  }
  return { name: `user ${user.uid}`, prefix: [], spawn: user, owner: user };
}

/** Gives a folder and what is in it to the account; quick where it has it already. */
export async function giveTo({ owner }: Account, folder: string): Promise<void> {
  if (owner === null || (await lstat(folder)).uid === owner.uid) return;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  }
  // Last, since it tells that all below is done.
  await chown(folder, owner.uid, owner.gid);
  await chmod(folder, 0o700);
}

/** Not root, but may enter and read what root may: the data can lie in root's home. */
function passEverywhere({ uid, gid }: { uid: number; gid: number }): readonly string[] {
  const capabilities = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", ...capabilities, "--"];
}

async function unprivilegedUser(): Promise<{ uid: number; gid: number }> {
  const accounts = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
  const found = accounts.find(([name]) => name === "postgres") ?? accounts.find(([name]) => name === "nobody");
  const [uid, gid] = [Number(found?.[2] ?? 65534), Number(found?.[3] ?? 65534)];
  return { uid, gid };
}

async function works([program = "", ...args]: readonly string[], environment: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    await promisify(execFile)(program, args, { env: environment, cwd: "/" });
    return true;
  } catch {
    return false;
  }
}
