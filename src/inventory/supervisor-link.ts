/** How a command and the supervisor of the embedded server find and understand each other. */
import { connect, type Socket } from "node:net";
import { AppError, type ExitCode } from "../model/errors.ts";
import { findSocketFolder, type ServerFolder, supervisorSocket } from "./server-folder.ts";

/** What the supervisor says to every command, once, as a line of JSON. */
export type SupervisorMessage = { readonly ready: true } | { readonly failed: PlainError };

/** An AppError on its way to another process. */
export interface PlainError {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint: string | null;
}

/** Exit status of a supervisor that found the folder in use on another host or in another container. */
export const ownedElsewhere = 3;

/** A connection to the supervisor; null if none listens. */
export async function connectToSupervisor(folder: ServerFolder): Promise<Socket | null> {
  const sockets = await findSocketFolder(folder);
  if (sockets === null) return null;
  return new Promise((resolve) => {
    const socket = connect(supervisorSocket(sockets));
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(null));
  });
}

/** The supervisor's one line, however long the server needs to recover; null if it ended instead. */
export function messageFrom(socket: Socket): Promise<SupervisorMessage | null> {
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.endsWith("\n")) resolve(JSON.parse(text) as SupervisorMessage);
    });
    // Lost connections show in "close", which follows.
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(null));
  });
}

export function toPlain(error: AppError): PlainError {
  return { code: error.code, exitCode: error.exitCode, message: error.message, hint: error.hint ?? null };
}

export function fromPlain({ code, exitCode, message, hint }: PlainError): AppError {
  return new AppError(code, exitCode, message, hint === null ? {} : { hint });
}
