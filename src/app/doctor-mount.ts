import { readFileSync } from "node:fs";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";
import type { Mount } from "../sources/mounts.ts";

/** "cifs from //nas/photos, remote, soft"; "ext4 of /dev/sda1, local, read-only". */
export function describeMount(mount: Mount | null): string {
  if (mount === null) return "what is mounted there is not known";
  const { fsType, source, remote, readOnly, options, mountPoint } = mount;
  const retry = remote ? ["soft", "hard"].filter((option) => options.includes(option)) : [];
  const words = [
    `${fsType} ${remote ? "from" : "of"} ${withoutPassword(source)}`,
    remote ? "remote" : "local",
    ...retry,
    ...(readOnly ? ["read-only"] : []),
  ];
  return `${words.join(", ")}, mounted at ${mountPoint}`;
}

/** Some file systems are named by a URL, and a password may stand in that. */
export function withoutPassword(source: string): string {
  return source.replace(/(^|\/\/)([^/@:[]*):(?!\/).*@/, "$1$2@");
}

/**
 * What to know about a mount, as clauses.
 *
 * @param kernelCharset What SMB mounts use that name none ("utf8", "iso8859-1"); null if it is not known. The kernel
 *   shows `iocharset` only where it differs from this (fs/smb/client/cifsfs.c, cifs_show_nls).
 */
export function mountWarnings({ fsType, options }: Mount, kernelCharset: string | null): string[] {
  if (!isSmb(fsType)) return [];
  const charset = optionValue(options, "iocharset") ?? kernelCharset;
  if (charset === "utf8") return [];
  const mend = "mount it with iocharset=utf8";
  if (charset === null) return [`warning: if names with accents look mangled, ${mend}`];
  return [`warning: mounted with the character set ${charset}, so names with accents are mangled: ${mend}`];
}

export function isSmb(fsType: string): boolean {
  return fsType === "cifs" || fsType === "smb3";
}

/** NFS that gives up loses what was written; reading only fails, and is tried again. */
export function archiveMountWarnings({ fsType, options }: Mount): string[] {
  if (!/^nfs4?$/.test(fsType) || !options.includes("soft")) return [];
  return ['warning: mounted "soft", which may lose data without a word when the server is slow: mount it "hard"'];
}

/** CONFIG_NLS_DEFAULT of the running kernel, where its configuration can be read. */
export function kernelCharset(): string | null {
  const configs = [
    () => readFileSync(`/boot/config-${release()}`, "utf8"),
    () => gunzipSync(readFileSync("/proc/config.gz")).toString("utf8"),
    () => readFileSync(`/lib/modules/${release()}/config`, "utf8"),
  ];
  for (const read of configs) {
    const [, charset] = /^CONFIG_NLS_DEFAULT="([^"]*)"$/m.exec(textOr(read)) ?? [];
    if (charset !== undefined) return charset;
  }
  return null;
}

function optionValue(options: readonly string[], name: string): string | null {
  const found = options.find((option) => option.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

/** "" where it cannot be read: no kernel must tell. */
function textOr(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
