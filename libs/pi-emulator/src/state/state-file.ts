import { mkdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Keeps a snapshot in a file. Changes that come while a write runs share the next one. */
export class StateFile {
  private running: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  constructor(
    readonly path: string,
    private readonly snapshot: () => object,
  ) {}

  /** What the file holds; undefined when there is none yet. @throws Error naming the file when it cannot be read. */
  load(): unknown {
    mkdirSync(dirname(this.path), { recursive: true });
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return JSON.parse(text);
    } catch (error) {
      throw stateFileError(this.path, (error as Error).message);
    }
  }

  /** Resolves when everything done before this call is in the file. */
  save(): Promise<void> {
    this.next ??= this.running
      .catch(() => {})
      .then(() => {
        this.next = undefined;
        this.running = this.write();
        return this.running;
      });
    return this.next;
  }

  /** Resolves when no write is under way. */
  settled(): Promise<void> {
    return this.next ?? this.running;
  }

  /** Written beside it and then renamed: a kill leaves the old file or the new one, never half of one. */
  private async write(): Promise<void> {
    const draft = `${this.path}.${process.pid}.tmp`;
    await writeFile(draft, JSON.stringify(this.snapshot()));
    await rename(draft, this.path);
  }
}

/** A state file that is of no use, with what to do about it. */
export const stateFileError = (path: string, problem: string): Error =>
  new Error(
    `The state file ${path} cannot be used: ${problem}\n` +
      'Move or delete it to start with a new Pi, or name another file (--state-file, or `stateFile` of PiEmulator.start).',
  );
