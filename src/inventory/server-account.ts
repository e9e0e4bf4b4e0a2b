/**
 * Under which account PostgreSQL runs. It refuses to run as root, and as a user
 * without a name, as containers have them; for those there are three ways, tried
 * in this order, none of which changes the system: a user namespace in which we
 * are called by the number of an account that has a name; an unprivileged user
 * that may pass every folder (setpriv); plainly such a user.
 */
import { execFile, type SpawnOptions } from "node:child_process";
import { chmod, chown, lstat, readdir, readFile } from "node:fs/promises";
import { userInfo } from "node:os";
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

/**
 * @param dataFolder Need not exist yet; if it belongs to another user than root, that user is meant.
 * @param probe A harmless command to try a way with, e.g. `postgres --version`.
 */
export async function chooseAccount(
  dataFolder: string,
  probe: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Account> {
  const us = process.getuid?.();
  if (us !== 0 && hasName()) return unchanged;
  const named = await unprivilegedUser();
  const owner = await lstat(dataFolder).catch(() => null);
  const namespace = ["unshare", "--user", `--map-user=${named.uid}`, `--map-group=${named.gid}`, "--"];
  if ((owner?.uid ?? us) === us && (await works([...namespace, ...probe], environment))) {
    return { ...unchanged, name: "ourselves in a user namespace", prefix: namespace };
  }
  if (us !== 0) return unchanged;
  const user = owner !== null && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : named;
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

function hasName(): boolean {
  try {
    return userInfo().username !== "";
  } catch {
    return false;
  }
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
