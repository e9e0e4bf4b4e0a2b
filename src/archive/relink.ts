import type { EqualFile, RelinkedName, RetimedFile } from "../inventory/relinkable.ts";
import type { PathText } from "../model/path.ts";
import { ThreadPool } from "../threads/pool.ts";
import { archiveExchanged } from "./errors.ts";
import type { StepJournal } from "./journal.ts";
import { stopError } from "./placer.ts";
import { newTemporaryName } from "./private-folder.ts";
import type { RelinkAnswer, RelinkRequest, RelinkResult } from "./relink-batch.ts";
import type { RelinkStep } from "./relink-file.ts";
import { Groups, type LeftAlone, type PlannedLink } from "./relink-groups.ts";
import { intendedRelink, relinkedResult } from "./relink-journal.ts";
import type { Retimed } from "./relink-kept.ts";
import { newStopFlag, raise } from "./stop-flag.ts";

export type { LeftAlone, PlannedLink } from "./relink-groups.ts";

/** Links that can be made as the files stand now, and files that are in no state to be linked. */
export interface LinkPlan {
  readonly links: readonly PlannedLink[];
  readonly leftAlone: readonly LeftAlone[];
}

/** What was done: on the disk for good, and in the journal. */
export interface RelinkedBatch {
  readonly relinked: readonly RelinkedLink[];
  readonly retimed: readonly RetimedFile[];
  readonly leftAlone: readonly LeftAlone[];
  /** Ids of files that turned out not to hold what was recorded. */
  readonly different: readonly number[];
}

export interface RelinkedLink extends RelinkedName {
  readonly link: PlannedLink;
  /** How many names the inode has left that stood there before, in the archive and elsewhere. */
  readonly namesLeft: number;
}

/** A flush costs as much as comparing some files; what is not recorded yet, a kill makes the next scan find out. */
const mostFiles = 256;
const mostBytes = 256 * 1024 * 1024;

/** Makes equal files of an archive hard links of one another, batch by batch: memory does not grow with their number. */
export class Relinker implements AsyncDisposable {
  readonly #root: PathText;
  readonly #signal: AbortSignal;
  readonly #thread = new ThreadPool<RelinkRequest, RelinkAnswer>(new URL("./relink.worker.js", import.meta.url), 1);
  readonly #stop = newStopFlag();
  readonly #onAbort = () => raise(this.#stop);
  readonly #groups = new Groups();
  #batches = 0;

  /** @param signal Aborting it ends the work; a file that is being compared is left alone, the others are finished. */
  constructor(root: PathText, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
  }

  /**
   * Looks at the files and decides; changes nothing.
   *
   * @param files Once, in the order of `equalFiles`.
   * @throws AppError ARCHIVE_LOST
   */
  async *plan(files: AsyncIterable<readonly EqualFile[]>): AsyncGenerator<LinkPlan, void, undefined> {
    for await (const some of inPieces(files)) {
      if (this.#signal.aborted) return;
      const { found } = await this.#run({ looks: some.map(({ path }) => path) });
      const looked = some.flatMap((file, n) => {
        const look = found[n];
        if (look?.kind === "stop") throw stopError(this.#root, look);
        return look === undefined ? [] : [{ file, look }];
      });
      yield this.#groups.plan(looked);
      this.#groups.forgetAllButLast();
    }
  }

  /**
   * Makes the links of {@link plan}. A batch that is yielded is done; asking for the next one tells that it is recorded.
   *
   * @param begin Called before the first change: a run that has nothing to do needs no journal.
   * @param isThere Whether the archive's folder still is the one that was opened; asked before each batch.
   * @throws AppError ARCHIVE_FULL, ARCHIVE_LOST after what was done is yielded
   */
  async *relink(
    files: AsyncIterable<readonly EqualFile[]>,
    begin: () => Promise<StepJournal>,
    isThere: () => Promise<boolean> = async () => true,
  ): AsyncGenerator<RelinkedBatch, void, undefined> {
    let journal: StepJournal | null = null;
    for await (const { links, leftAlone } of this.plan(files)) {
      if (leftAlone.length > 0) yield { relinked: [], retimed: [], leftAlone, different: [] };
      for (let rest = links; rest.length > 0 && !this.#signal.aborted; ) {
        if (!(await isThere())) throw archiveExchanged(this.#root);
        journal ??= await begin();
        const { results, retimed } = await this.#carryOut(rest, journal);
        this.#groups.retime(retimed);
        yield batchOf(rest, results, retimed);
        for (const result of results) if (result.kind === "stop") throw stopError(this.#root, result);
        rest = this.#groups.again(rest, results);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    await this.#thread[Symbol.asyncDispose]();
  }

  async #carryOut(links: readonly PlannedLink[], journal: StepJournal): Promise<RelinkAnswer> {
    const batch = this.#batches++;
    const steps = links.map(({ standing, kept }): RelinkStep => {
      return { file: standing, kept, temporary: newTemporaryName() };
    });
    const paired = links.map(({ group }, n) => ({ hash: group.hash, step: steps[n] as RelinkStep }));
    const operations = paired.map(({ step, hash }) => intendedRelink(step, hash));
    await journal.write({ do: "intend", batch, operations });
    const answer = await this.#run({ steps });
    const results = paired.flatMap(({ step, hash }, n) => {
      const result = answer.results[n];
      return result === undefined ? [] : [relinkedResult(step, hash, result)];
    });
    await journal.write({ do: "done", batch, folders: [], results });
    return answer;
  }

  async #run({ looks = [], steps = [] }: Partial<Pick<RelinkRequest, "looks" | "steps">>): Promise<RelinkAnswer> {
    const answer = await this.#thread.run({ root: this.#root, looks, steps, stop: this.#stop });
    if (answer.unflushed !== null) throw stopError(this.#root, answer.unflushed);
    return answer;
  }
}

function batchOf(
  links: readonly PlannedLink[],
  results: readonly RelinkResult[],
  retimed: readonly Retimed[],
): RelinkedBatch {
  const pairs = links.flatMap((link, n) => {
    const result = results[n];
    return result === undefined ? [] : [{ link, result }];
  });
  const hashes = new Map(links.map(({ kept, group }) => [kept.inode, group.hash]));
  return {
    relinked: pairs.flatMap(({ link, result }) => {
      if (result.kind !== "relinked") return [];
      const { archived, namesLeft } = result;
      return [{ id: link.file.id, archived, link, namesLeft }];
    }),
    retimed: retimed.flatMap((file) => {
      const hash = hashes.get(file.inode);
      return hash === undefined ? [] : [{ ...file, hash }];
    }),
    leftAlone: pairs.flatMap(({ link, result }) => leftAloneBy(link, result)),
    different: pairs.flatMap(({ link, result }) => {
      return result.kind === "failed" && result.code === "CONTENT_DIFFERS" ? [link.file.id] : [];
    }),
  };
}

function leftAloneBy({ standing, kept }: PlannedLink, result: RelinkResult): LeftAlone[] {
  if (result.kind !== "failed" && result.kind !== "keptFailed") return [];
  const { path } = result.kind === "failed" ? standing : kept;
  return [{ path, code: result.code, message: result.message }];
}

async function* inPieces(
  files: AsyncIterable<readonly EqualFile[]>,
): AsyncGenerator<readonly EqualFile[], void, undefined> {
  let piece: EqualFile[] = [];
  let bytes = 0;
  for await (const some of files) {
    for (const file of some) {
      piece.push(file);
      bytes += file.size;
      if (piece.length < mostFiles && bytes < mostBytes) continue;
      yield piece;
      piece = [];
      bytes = 0;
    }
  }
  if (piece.length > 0) yield piece;
}
