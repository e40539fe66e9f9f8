/** Which requests a rule is about. Everything given has to fit; nothing given fits every request. */
export interface RequestMatch {
  /** A part of the path, such as `/transactions`. */
  path?: string;
  /** Source of a regular expression over the path, such as `^/accounts/[^/]+$`. */
  pattern?: string;
}

/** A list of rules of which the first that fits is used, each as often as its `times` says (default once). */
export class Rules<R extends { times?: number }> {
  private rules: { rule: R; left: number }[] = [];

  add(rule: R): void {
    this.rules.push({ rule, left: rule.times ?? 1 });
  }

  /** Uses up one turn of the first rule that fits. */
  take(fits: (rule: R) => boolean): R | undefined {
    const entry = this.rules.find(({ rule }) => fits(rule));
    if (!entry) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.rules = this.rules.filter((other) => other !== entry);
    return entry.rule;
  }

  /** Looks without using anything up. */
  some(fits: (rule: R) => boolean): boolean {
    return this.rules.some(({ rule }) => fits(rule));
  }

  get size(): number {
    return this.rules.length;
  }

  clear(): void {
    this.rules = [];
  }
}

export function fitsPath({ path, pattern }: RequestMatch, requested: string): boolean {
  return (
    (path === undefined || requested.includes(path)) && (pattern === undefined || new RegExp(pattern).test(requested))
  );
}

/** A small seeded generator (mulberry32): the same seed gives the same weather. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
