/**
 * Loaded before the program (`node --import`), gives what it draws at random the same value every time: so that names
 * of temporary files, by which a test picks a system call, are those of the run before, and a run's id, which names its
 * journal, tells the second in which it began and no more. Nothing else is changed.
 */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

let drawn = 0;

crypto.randomUUID = () => `00000000-0000-4000-8000-${String(++drawn).padStart(12, "0")}`;
const bytesOf = (size: number) => Buffer.alloc(size, size === 2 ? 0 : ++drawn);
crypto.randomBytes = bytesOf as typeof crypto.randomBytes;
crypto.randomInt = (() => 0) as typeof crypto.randomInt;
Date.prototype.getUTCMilliseconds = () => 0;
syncBuiltinESMExports();
