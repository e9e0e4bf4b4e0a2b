/** The kernel's requests: what each asks, where, and what answers it. */
import type { Birth, Change, FileSystem } from "./file-system.ts";
import {
  attributesBody,
  entryBody,
  listingBody,
  opcode,
  openBody,
  type Request,
  spaceBody,
  writtenBody,
} from "./wire.ts";

/** What programs do, as the kernel passes it on. */
export type Operation = Exclude<keyof typeof opcode, "init" | "forget" | "batchForget" | "interrupt" | "destroy">;

/** One call of a program, on its way to the file system. */
export interface Call {
  readonly operation: Operation;
  /** Below the root, of the file or, where one is made, of the name; bytes, one character each. */
  readonly path: string;
}

/** undefined: done, there is nothing to say. */
export type Body = Buffer | undefined;

/** A request whose fields are read. */
export interface Prepared {
  readonly call: Call;
  readonly act: () => Body;
}

/** null: not a request that we know. */
export function prepare(request: Request, files: FileSystem): Prepared | null {
  return readers[request.opcode]?.(request, files) ?? null;
}

type Reader = (request: Request, files: FileSystem) => Prepared;

/** About the file that the request names by its number. */
function at(operation: Operation, act: (request: Request, files: FileSystem) => () => Body): Reader {
  return (request, files) => ({ call: { operation, path: files.pathOf(request.node) }, act: act(request, files) });
}

/** About a name in the folder that it names by its number; `head` reads the fields that stand before the name. */
function below<Head>(
  operation: Operation,
  head: (request: Request) => Head,
  act: (at: { request: Request; files: FileSystem; name: string; head: Head }) => Body,
): Reader {
  return (request, files) => {
    const folder = files.pathOf(request.node);
    const fields = head(request);
    const name = request.name();
    const path = folder === "" ? name : `${folder}/${name}`;
    return { call: { operation, path }, act: () => act({ request, files, name, head: fields }) };
  };
}

/** About an open file or folder. */
function handled(operation: Operation, act: (files: FileSystem, handle: bigint) => void): Reader {
  return at(operation, (request, files) => {
    const handle = request.u64();
    return done(() => act(files, handle));
  });
}

function done(act: () => void): () => undefined {
  return () => {
    act();
    return undefined;
  };
}

const nothing = () => null;

const looking: Readonly<Record<number, Reader>> = {
  [opcode.lookup]: below("lookup", nothing, ({ request, files, name }) => entryBody(files.lookup(request.node, name))),
  [opcode.getattr]: at("getattr", (request, files) => {
    const hasHandle = (request.u32() & 1) !== 0;
    request.u32();
    const handle = hasHandle ? request.u64() : null;
    return () => attributesBody(files.getattr(request.node, handle));
  }),
  [opcode.readlink]: at(
    "readlink",
    ({ node }, files) =>
      () =>
        files.readlink(node),
  ),
  [opcode.statfs]: at("statfs", (_request, files) => () => spaceBody(files.statfs())),
  // Everything is allowed to root, and nobody else is asked.
  [opcode.access]: at("access", () => done(() => undefined)),
  [opcode.opendir]: at(
    "opendir",
    ({ node }, files) =>
      () =>
        openBody(files.opendir(node), "folder"),
  ),
  [opcode.readdir]: at("readdir", (request, files) => {
    const [handle, offset, size] = [request.u64(), Number(request.u64()), request.u32()];
    return () => listingBody(files.readdir(handle, offset), offset, size);
  }),
  [opcode.releasedir]: handled("releasedir", (files, handle) => files.releasedir(handle)),
};

const naming: Readonly<Record<number, Reader>> = {
  [opcode.symlink]: below("symlink", nothing, ({ request, files, name }) => {
    const target = Buffer.from(request.name(), "latin1");
    return entryBody(files.symlink(request.node, name, target, bornOf(request, 0o777)));
  }),
  [opcode.mknod]: below(
    "mknod",
    (request) => {
      const mode = request.u32();
      request.u64();
      request.u32();
      return mode;
    },
    ({ request, files, name, head }) => entryBody(files.mknod(request.node, name, bornOf(request, head))),
  ),
  [opcode.mkdir]: below("mkdir", modeAndMask, ({ request, files, name, head }) =>
    entryBody(files.mkdir(request.node, name, bornOf(request, head))),
  ),
  [opcode.unlink]: below("unlink", nothing, ({ request, files, name }) =>
    done(() => files.unlink(request.node, name))(),
  ),
  [opcode.rmdir]: below("rmdir", nothing, ({ request, files, name }) => done(() => files.rmdir(request.node, name))()),
  [opcode.rename]: below("rename", (request) => ({ to: request.u64(), flags: 0 }), renamed),
  [opcode.rename2]: below(
    "rename",
    (request) => {
      const head = { to: request.u64(), flags: request.u32() };
      request.u32();
      return head;
    },
    renamed,
  ),
  [opcode.link]: below(
    "link",
    (request) => request.u64(),
    ({ request, files, name, head }) => entryBody(files.link(head, request.node, name)),
  ),
};

const writing: Readonly<Record<number, Reader>> = {
  [opcode.setattr]: at("setattr", (request, files) => {
    const { handle, change } = changeIn(request);
    return () => attributesBody(files.setattr(request.node, handle, change));
  }),
  [opcode.open]: at("open", (request, files) => {
    const flags = request.u32();
    return () => openBody(files.open(request.node, flags), "file");
  }),
  [opcode.create]: below(
    "create",
    (request) => {
      const flags = request.u32();
      const mode = modeAndMask(request);
      request.u32();
      return { flags, mode };
    },
    ({ request, files, name, head: { flags, mode } }) => {
      const { entry, handle } = files.create(request.node, name, bornOf(request, mode), flags);
      return Buffer.concat([entryBody(entry), openBody(handle, "file")]);
    },
  ),
  [opcode.read]: at("read", (request, files) => {
    const [handle, offset, size] = [request.u64(), Number(request.u64()), request.u32()];
    return () => files.read(handle, offset, size);
  }),
  [opcode.write]: at("write", (request, files) => {
    const [handle, offset, size] = [request.u64(), Number(request.u64()), request.u32()];
    request.u32();
    request.u64();
    request.u64();
    const data = request.data(size);
    return () => writtenBody(files.write(handle, offset, data));
  }),
  [opcode.flush]: handled("flush", (files, handle) => files.flush(handle)),
  [opcode.release]: handled("release", (files, handle) => files.release(handle)),
  [opcode.fsync]: handled("fsync", (files, handle) => files.fsync(handle)),
  [opcode.fsyncdir]: handled("fsyncdir", (files, handle) => files.fsyncdir(handle)),
  [opcode.syncfs]: at("syncfs", (_request, files) => done(() => files.syncfs())),
};

const readers: Readonly<Record<number, Reader>> = { ...looking, ...naming, ...writing };

/** The mask has been taken off already. */
function modeAndMask(request: Request): number {
  const mode = request.u32();
  request.u32();
  return mode;
}

function renamed(at: { request: Request; files: FileSystem; name: string; head: { to: bigint; flags: number } }): Body {
  const { request, files, name, head } = at;
  files.rename(request.node, name, head.to, request.name(), head.flags);
  return undefined;
}

function bornOf({ uid, gid }: Request, mode: number): Birth {
  return { mode, uid, gid };
}

/** Bits of what a setattr request sets. */
const sets = {
  mode: 1,
  uid: 2,
  gid: 4,
  size: 8,
  accessed: 16,
  modified: 32,
  handle: 64,
  accessedNow: 128,
  modifiedNow: 256,
};

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
