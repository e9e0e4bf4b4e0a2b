import { systemError } from "./file-system.ts";
import type { Call, Operation } from "./requests.ts";

/** What goes wrong. */
export type Fault =
  /** The call fails: "EIO", "ENOSPC". A listing fails only after it gave so many names, if that is said. */
  | { readonly fail: string; readonly afterNames?: number }
  /** No answer until the rules are changed; the call is carried out then. */
  | { readonly hang: true }
  /** Every answer takes that much longer. */
  | { readonly delayMs: number }
  /** A read, or a write, takes no more than so many bytes. */
  | { readonly atMostBytes: number }
  /** A read gives, or a write stores, one wrong bit. */
  | { readonly flipBit: true }
  /** Somebody writes to the file just before it is read: its last byte, so that size and content stay plausible. */
  | { readonly changeMeanwhile: true }
  /** Looks at a file are told this, whatever the disk says: another inode number each time, one link, coarse times. */
  | { readonly seen: { readonly otherInode?: true; readonly links?: number; readonly timesToNs?: number } };

/** When it goes wrong. Without limits: always. */
export interface Rule {
  readonly on: readonly Operation[] | "everything";
  /** Regular expression for paths below the root; bytes, one character each. */
  readonly path?: string;
  /** Only this one of the calls that it fits, from 1. */
  readonly nth?: number;
  /** Only this one and those after it, from 1. */
  readonly from?: number;
  /** Only the first so many. */
  readonly times?: number;
  /** 0 to 1, by dice that fall the same every time. */
  readonly chance?: number;
  readonly fault: Fault;
}

type Seen = Extract<Fault, { seen: unknown }>["seen"];

/** What is left to be done to a call that does not fail. */
export interface Twist {
  atMostBytes?: number;
  flipBit?: true;
  changeMeanwhile?: true;
  seen?: Seen;
  failAfter?: { code: string; names: number };
}

/** Decides call by call what goes wrong. */
export class Faults {
  #rules: { readonly rule: Rule; readonly path: RegExp; fitting: number }[] = [];
  #release: () => void = () => undefined;
  #released = Promise.resolve();
  #dice = 1;
  /** Calls so far. */
  readonly calls = new Map<Operation, number>();

  /** Instead of the rules before; what hangs is let go. */
  set(rules: readonly Rule[]): void {
    this.#rules = rules.map((rule) => ({ rule, path: new RegExp(rule.path ?? "", "s"), fitting: 0 }));
    this.#release();
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  /** @returns how to go on; a promise if not now. @throws what the program is to meet */
  meet(call: Call): Twist | Promise<Twist> {
    this.calls.set(call.operation, (this.calls.get(call.operation) ?? 0) + 1);
    const twist: Twist = {};
    const waits: Promise<unknown>[] = [];
    for (const fault of this.#faultsFor(call)) {
      if ("hang" in fault) waits.push(this.#released);
      else if ("delayMs" in fault) waits.push(new Promise((resolve) => setTimeout(resolve, fault.delayMs)));
      else if (!("fail" in fault)) Object.assign(twist, fault);
      else if (fault.afterNames === undefined) throw systemError(fault.fail);
      else twist.failAfter = { code: fault.fail, names: fault.afterNames };
    }
    return waits.length === 0 ? twist : Promise.all(waits).then(() => twist);
  }

  #faultsFor({ operation, path }: Call): Fault[] {
    return this.#rules.flatMap((one) => {
      const { rule } = one;
      if (rule.on !== "everything" && !rule.on.includes(operation)) return [];
      if (!one.path.test(path)) return [];
      one.fitting += 1;
      if (rule.nth !== undefined && rule.nth !== one.fitting) return [];
      if (rule.from !== undefined && one.fitting < rule.from) return [];
      if (rule.times !== undefined && one.fitting > rule.times) return [];
      return rule.chance !== undefined && this.#throwDice() >= rule.chance ? [] : [rule.fault];
    });
  }

  #throwDice(): number {
    this.#dice = (Math.imul(this.#dice, 48_271) >>> 0) % 2_147_483_647;
    return this.#dice / 2_147_483_647;
  }
}
