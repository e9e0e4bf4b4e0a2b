import { spawnSync } from "node:child_process";
import { open, stat } from "node:fs/promises";
import { type PathText, systemPath } from "../model/path.ts";

/** Changes one bit as a failing disk does: size and modification time stay. @param at Which byte. */
export async function flipBit(path: PathText, at = 0): Promise<void> {
  const { mtimeNs } = await stat(systemPath(path), { bigint: true });
  await changeByte(path, at);
  // Node would cut the time to the microsecond.
  const time = `${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, "0")}`;
  const { status } = spawnSync("touch", ["-m", "-d", `@${time}`, path]);
  if (status !== 0) throw new Error(`cannot give ${path} its time`);
}

async function changeByte(path: PathText, at: number): Promise<void> {
  await using file = await open(systemPath(path), "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at);
}
