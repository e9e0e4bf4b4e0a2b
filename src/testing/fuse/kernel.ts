import { read, writeSync } from "node:fs";
import { promisify } from "node:util";
import { systemCode } from "../../model/errors.ts";
import { type FileSystem, systemError } from "./file-system.ts";
import { type Body, type Call, prepare } from "./requests.ts";
import { answer, failure, initBody, mostData, opcode, Request } from "./wire.ts";

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
    } else if (!isNotice(request, files)) carryOut(fd, request, files, around);
  }
}

function carryOut(fd: number, request: Request, files: FileSystem, around: Around): void {
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

/** What the kernel wants no answer to. A server that hangs does not heed interruptions either. */
function isNotice(request: Request, files: FileSystem): boolean {
  if (request.opcode === opcode.forget) files.forget(request.node, request.u64());
  else if (request.opcode === opcode.batchForget) forgetAll(request, files);
  else return request.opcode === opcode.interrupt || request.opcode === opcode.destroy;
  return true;
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
