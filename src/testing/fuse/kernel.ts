import { read, writeSync } from "node:fs";
import { promisify } from "node:util";
import { systemCode } from "../../model/errors.ts";
import { type Birth, type Change, type FileSystem, systemError } from "./file-system.ts";
import {
  answer,
  attributesBody,
  entryBody,
  failure,
  initBody,
  listingBody,
  mostData,
  opcode,
  openBody,
  Request,
  spaceBody,
  writtenBody,
} from "./wire.ts";

export type Operation = Exclude<keyof typeof opcode, "init" | "forget" | "batchForget" | "interrupt" | "destroy">;

/** One call of a program, on its way to the file system. */
export interface Call {
  readonly operation: Operation;
  /** Below the root, of the file or, where one is made, of the name; bytes, one character each. */
  readonly path: string;
}

type Body = Buffer | undefined;

/** Carries a call out by `act`, sooner or later or not at all; what it throws the program meets. */
export type Around = (call: Call, act: () => Body) => Body | Promise<Body>;

/**
 * Answers the kernel's requests on an open /dev/fuse until it is unmounted.
 *
 * Calls are carried out one at a time, in order; those that `around` holds back when it lets them go.
 */
export async function serveKernel(fd: number, files: FileSystem, around: Around, onReady: () => void): Promise<void> {
  const readSome = promisify(read);
  for (;;) {
    // A buffer of its own for each: a request may have to wait.
    const buffer = Buffer.allocUnsafe(mostData + 4096);
    const { bytesRead } = await readSome(fd, buffer, 0, buffer.length, -1).catch((error: unknown) => {
      const code = systemCode(error);
      if (code === "ENODEV") return { bytesRead: 0 };
      // ENOENT: the program that asked was killed while we were reading.
      if (["EINTR", "EAGAIN", "ENOENT"].includes(code ?? "")) return { bytesRead: -1 };
      throw error;
    });
    if (bytesRead === 0) return;
    if (bytesRead < 0) continue;
    const request = new Request(buffer.subarray(0, bytesRead));
    if (request.opcode === opcode.init) {
      request.u64();
      reply(fd, answer(request, initBody(request.u32())));
      onReady();
    } else carryOut(fd, request, files, around);
  }
}

function carryOut(fd: number, request: Request, files: FileSystem, around: Around): void {
  if (request.opcode === opcode.forget) return files.forget(request.node, request.u64());
  if (request.opcode === opcode.batchForget) return forgetAll(request, files);
  // A server that hangs does not heed interruptions either.
  if (request.opcode === opcode.interrupt || request.opcode === opcode.destroy) return;
  const fail = (error: unknown) => reply(fd, failure(request, error));
  try {
    const prepared = prepare(request, files);
    if (prepared === null) throw systemError("ENOSYS");
    const body = around(prepared.call, prepared.act);
    if (body instanceof Promise) body.then((late) => reply(fd, answer(request, late))).catch(fail);
    else reply(fd, answer(request, body));
  } catch (error) {
    fail(error);
  }
}

function forgetAll(request: Request, files: FileSystem): void {
  const count = request.u32();
  request.u32();
  for (let n = 0; n < count; n++) files.forget(request.u64(), request.u64());
}

/** Where the program was killed meanwhile, nobody waits for the answer: ENOENT. Once unmounted: ENODEV. */
function reply(fd: number, bytes: Buffer): void {
  try {
    writeSync(fd, bytes);
  } catch (error) {
    if (!["ENOENT", "ENODEV", "EPERM"].includes(systemCode(error) ?? "")) throw error;
  }
}

interface Prepared {
  readonly call: Call;
  readonly act: () => Body;
}

/** Reads the request's fields; null if we do not know it. */
function prepare(request: Request, files: FileSystem): Prepared | null {
  const { node } = request;
  const at = (operation: Operation, act: () => Body): Prepared => {
    return { call: { operation, path: files.pathOf(node) }, act };
  };
  const below = (operation: Operation, name: string, act: () => Body): Prepared => {
    const folder = files.pathOf(node);
    return { call: { operation, path: folder === "" ? name : `${folder}/${name}` }, act };
  };
  const done = (act: () => void) => () => {
    act();
    return undefined;
  };
  const handleAt = (operation: Operation, act: (handle: bigint) => void) => {
    const handle = request.u64();
    return at(operation, done(() => act(handle)));
  };
  switch (request.opcode) {
    case opcode.lookup: {
      const name = request.name();
      return below("lookup", name, () => entryBody(files.lookup(node, name)));
    }
    case opcode.getattr: {
      const hasHandle = (request.u32() & 1) !== 0;
      request.u32();
      const handle = hasHandle ? request.u64() : null;
      return at("getattr", () => attributesBody(files.getattr(node, handle)));
    }
    case opcode.setattr: {
      const { handle, change } = changeIn(request);
      return at("setattr", () => attributesBody(files.setattr(node, handle, change)));
    }
    case opcode.readlink:
      return at("readlink", () => files.readlink(node));
    case opcode.symlink: {
      const name = request.name();
      const target = Buffer.from(request.name(), "latin1");
      return below("symlink", name, () => entryBody(files.symlink(node, name, target, bornOf(request, 0o777))));
    }
    case opcode.mknod: {
      const birth = bornOf(request, request.u32());
      request.u64();
      request.u32();
      const name = request.name();
      return below("mknod", name, () => entryBody(files.mknod(node, name, birth)));
    }
    case opcode.mkdir: {
      const birth = bornOf(request, request.u32());
      request.u32();
      const name = request.name();
      return below("mkdir", name, () => entryBody(files.mkdir(node, name, birth)));
    }
    case opcode.unlink: {
      const name = request.name();
      return below("unlink", name, done(() => files.unlink(node, name)));
    }
    case opcode.rmdir: {
      const name = request.name();
      return below("rmdir", name, done(() => files.rmdir(node, name)));
    }
    case opcode.rename:
    case opcode.rename2: {
      const newParent = request.u64();
      const flags = request.opcode === opcode.rename2 ? request.u32() : 0;
      if (request.opcode === opcode.rename2) request.u32();
      const [name, newName] = [request.name(), request.name()];
      return below("rename", name, done(() => files.rename(node, name, newParent, newName, flags)));
    }
    case opcode.link: {
      const existing = request.u64();
      const name = request.name();
      return below("link", name, () => entryBody(files.link(existing, node, name)));
    }
    case opcode.open: {
      const flags = request.u32();
      return at("open", () => openBody(files.open(node, flags), "file"));
    }
    case opcode.create: {
      const flags = request.u32();
      const birth = bornOf(request, request.u32());
      request.u64();
      const name = request.name();
      return below("create", name, () => {
        const { entry, handle } = files.create(node, name, birth, flags);
        return Buffer.concat([entryBody(entry), openBody(handle, "file")]);
      });
    }
    case opcode.read: {
      const [handle, offset, size] = [request.u64(), Number(request.u64()), request.u32()];
      return at("read", () => files.read(handle, offset, size));
    }
    case opcode.write: {
      const [handle, offset, size] = [request.u64(), Number(request.u64()), request.u32()];
      request.u32();
      request.u64();
      request.u64();
      const data = request.data(size);
      return at("write", () => writtenBody(files.write(handle, offset, data)));
    }
    case opcode.flush:
      return handleAt("flush", (handle) => files.flush(handle));
    case opcode.release:
      return handleAt("release", (handle) => files.release(handle));
    case opcode.fsync:
      return handleAt("fsync", (handle) => files.fsync(handle));
    case opcode.opendir:
      return at("opendir", () => openBody(files.opendir(node), "folder"));
    case opcode.readdir: {
      const [handle, offset, size] = [request.u64(), Number(request.u64()), request.u32()];
      return at("readdir", () => listingBody(files.readdir(handle, offset), offset, size));
    }
    case opcode.releasedir:
      return handleAt("releasedir", (handle) => files.releasedir(handle));
    case opcode.fsyncdir:
      return handleAt("fsyncdir", (handle) => files.fsyncdir(handle));
    case opcode.statfs:
      return at("statfs", () => spaceBody(files.statfs()));
    case opcode.syncfs:
      return at("syncfs", done(() => files.syncfs()));
    case opcode.access:
      // Everything is allowed to root, and nobody else is asked.
      return at("access", done(() => undefined));
    default:
      return null;
  }
}

function bornOf({ uid, gid }: Request, mode: number): Birth {
  return { mode, uid, gid };
}

/** Bits of what a setattr request sets. */
const sets = { mode: 1, uid: 2, gid: 4, size: 8, accessed: 16, modified: 32, handle: 64, accessedNow: 128, modifiedNow: 256 };

function changeIn(request: Request): { handle: bigint | null; change: Change } {
  const valid = request.u32();
  request.u32();
  const [handle, size] = [request.u64(), Number(request.u64())];
  request.u64();
  const [accessed, modified] = [request.i64(), request.i64()];
  request.i64();
  const [accessedNs, modifiedNs] = [request.u32(), request.u32()];
  request.u32();
  const mode = request.u32();
  request.u32();
  const [uid, gid] = [request.u32(), request.u32()];
  const has = (bit: number) => (valid & bit) !== 0;
  const time = (seconds: bigint, ns: number, isNow: boolean) => (isNow ? "now" : seconds * 1_000_000_000n + BigInt(ns));
  return {
    handle: has(sets.handle) ? handle : null,
    change: {
      ...(has(sets.size) ? { size } : {}),
      ...(has(sets.mode) ? { mode } : {}),
      ...(has(sets.uid) ? { uid } : {}),
      ...(has(sets.gid) ? { gid } : {}),
      ...(has(sets.accessed) ? { accessed: time(accessed, accessedNs, has(sets.accessedNow)) } : {}),
      ...(has(sets.modified) ? { modified: time(modified, modifiedNs, has(sets.modifiedNow)) } : {}),
    },
  };
}
