import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "../testing/folder.ts";

const holdServer = fileURLToPath(new URL("../testing/hold-server.js", import.meta.url));
const skip = process.getuid?.() === 0 ? false : "takes root";

test("root is served where no other account is known than nobody, as in a small container", { skip }, async () => {
  assert.equal(await openIn({ uid: 0 }), "open\n");
});

test("a user without a name is served, as containers have them", { skip }, async () => {
  assert.equal(await openIn({ uid: 54_321 }), "open\n");
});

/** Starts a server as the user, with two accounts in sight; returns what the program said. */
async function openIn({ uid }: { uid: number }): Promise<string> {
  await using folder = await temporaryFolder();
  const accounts = join(folder.path, "passwd");
  await writeFile(accounts, "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n");
  const state = join(folder.path, "state");
  await mkdir(state);
  const script = `
    mount --bind "$1" /etc/passwd && chown "$2:$2" "$3" && chmod 755 "$(dirname "$3")" &&
    exec setpriv --reuid="$2" --regid="$2" --clear-groups -- "$4" "$5" "$3"`;
  const args = ["--mount", "sh", "-c", script, "sh", accounts, String(uid), state, process.execPath, holdServer];
  const running = promisify(execFile)("unshare", args, { env: { PATH: process.env["PATH"], TZ: "UTC" } });
  running.child.stdin?.end();
  return (await running).stdout;
}
