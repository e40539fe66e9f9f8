import type { Dice } from '../dice.js';
import { pathPattern } from '../path-pattern.js';
import { type ActiveFault, checkFault, type Fault } from './fault.js';

interface Entry {
  readonly fault: Fault;
  readonly id: number;
  readonly matches: (method: string, path: string) => boolean;
  hits: number;
}

/** The faults in force. Of several that match a request, the oldest that is not used up hits it. */
export class Faults {
  private entries: Entry[] = [];
  private lastId = 0;

  constructor(private readonly dice: Dice) {}

  add(given: Fault): ActiveFault {
    const fault = structuredClone(checkFault(given));
    this.lastId += 1;
    const entry: Entry = { fault, id: this.lastId, matches: matcher(fault), hits: 0 };
    this.entries.push(entry);
    return view(entry);
  }

  list(): ActiveFault[] {
    return this.entries.map((entry) => view(entry));
  }

  /** Ends all faults; says how many were in force. */
  clear(): number {
    const cleared = this.entries.length;
    this.entries = [];
    return cleared;
  }

  /** The fault that hits this request, if any; counts the hit. */
  strike(method: string, path: string): Fault | undefined {
    for (const entry of this.entries) {
      if (!entry.matches(method, path)) continue;
      if (entry.fault.probability !== undefined && this.dice.roll() >= entry.fault.probability) continue;
      entry.hits += 1;
      if (entry.hits === entry.fault.times) this.entries = this.entries.filter((other) => other !== entry);
      return entry.fault;
    }
    return undefined;
  }
}

function matcher({ match: { method, path } = {} }: Fault): Entry['matches'] {
  const isPath = path === undefined ? () => true : pathPattern(path);
  const verb = method?.toUpperCase();
  return (givenMethod, givenPath) => (verb === undefined || verb === givenMethod) && isPath(givenPath);
}

const view = ({ fault, id, hits }: Entry): ActiveFault => ({ ...fault, id, hits });
