import type { PiConfigurationProblem } from '../errors/pi-configuration-error.js';

/** Collects what is wrong, so that it is all said at once. */
export class Problems {
  readonly list: PiConfigurationProblem[] = [];

  constructor(private readonly app: string) {}

  add(problem: string, fix: string): void {
    this.list.push({ problem: this.app ? `Pi app "${this.app}": ${problem}` : problem, fix });
  }

  /** A number with bounds, when there is one. */
  number(name: string, value: unknown, { min, max = Number.MAX_SAFE_INTEGER, unit }: NumberRule): void {
    if (value === undefined) return;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    this.add(
      `\`${name}\` is ${shown(value)}.`,
      `Use a whole number of ${unit} ${range}, or leave it out for the default.`,
    );
  }
}

export interface NumberRule {
  readonly min: number;
  readonly max?: number;
  readonly unit: string;
}

/** A value in a message, cut short. Never call this with a key, a seed or a URL that may hold a password. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** What a value is, for one that may hold a secret in the wrong place: `ledger: process.env.DATABASE_URL`. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
