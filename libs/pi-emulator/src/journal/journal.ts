import { EmulatorError } from '../emulator-error.js';
import { refuseUnknown } from '../known-fields.js';
import { pathPattern } from '../path-pattern.js';

/** A request the emulator saw. */
export interface JournalEntry {
  /** 1 for the first request since the start or the last reset. */
  readonly number: number;
  /** ISO 8601, of its arrival. */
  readonly time: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Path with the query. */
  readonly url: string;
  /** Scheme and credentials; only emulated ones are kept in full. */
  readonly authorization?: string;
  /** Body of the request, as far as it is JSON or a form; only emulated keys and tokens are kept in full. */
  body?: unknown;
  /** Status of the answer; `null` while there is none, and for good when the connection broke first. */
  status: number | null;
  /** Milliseconds until the answer; `null` while there is none. */
  durationMs: number | null;
  /** The fault that hit it. */
  fault?: string;
}

/** Which entries. */
export interface JournalFilter {
  method?: string;
  /** As in `Fault.match.path`. */
  path?: string;
  /** Only entries with a higher `number`. */
  after?: number;
}

const CAPACITY = 20_000;

/** The newest 20,000 requests to the Platform API, Horizon and the browser SDK, oldest first; none to the control API. */
export class Journal {
  private entries: JournalEntry[] = [];
  private count = 0;

  add(entry: Omit<JournalEntry, 'number' | 'status' | 'durationMs'>): JournalEntry {
    this.count += 1;
    const kept: JournalEntry = { number: this.count, ...entry, status: null, durationMs: null };
    this.entries.push(kept);
    // Trimmed by halves: an array's shift() for every request would move the whole array every time.
    if (this.entries.length >= 2 * CAPACITY) this.entries = this.entries.slice(-CAPACITY);
    return kept;
  }

  list(filter: JournalFilter = {}): JournalEntry[] {
    refuseUnknown<JournalFilter>('The filter', filter, { method: true, path: true, after: true });
    const { method, path, after = 0 } = filter;
    const verb = method?.toUpperCase();
    const isPath = path === undefined ? undefined : readPattern(path);
    if (!Number.isFinite(after)) throw new EmulatorError('invalid_filter', 'after has to be the number of an entry.');
    return this.entries
      .slice(-CAPACITY)
      .filter((entry) => entry.number > after && (!verb || entry.method === verb) && (!isPath || isPath(entry.path)))
      .map((entry) => ({ ...entry }));
  }

  clear(): void {
    this.entries = [];
    this.count = 0;
  }
}

function readPattern(path: string): (path: string) => boolean {
  try {
    return pathPattern(path);
  } catch (error) {
    throw new EmulatorError('invalid_filter', `path is no regular expression: ${(error as Error).message}.`);
  }
}
