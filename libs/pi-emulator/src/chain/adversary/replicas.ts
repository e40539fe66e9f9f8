import type { Chain } from '../chain.js';
import type { ChainView } from '../chain-view.js';
import { fitsPath, seeded, type RequestMatch } from './rules.js';

/**
 * Several Horizons behind one address. Each request that fits is answered by the replica next in turn, which lags
 * `lags[i]` ledgers behind: `[0, 3]` in turn goes backwards.
 */
export interface ReplicaRule extends RequestMatch {
  lags: readonly number[];
  /**
   * `once` (default): the lags are used up one by one, then the rule is gone. `cycle`: over and over.
   * `random`: any of them, chosen by `seed`.
   */
  pick?: 'once' | 'cycle' | 'random';
  seed?: number;
}

interface ActiveRule {
  readonly rule: ReplicaRule;
  next(): number | undefined;
}

/** Chooses which past of the chain a read request sees. */
export class Replicas {
  /** Ledgers by which every Horizon's database is behind core; submits still go to core. */
  ingestionLag = 0;
  private active: ActiveRule[] = [];

  constructor(private readonly chain: Chain) {}

  add(rule: ReplicaRule): void {
    this.active.push({ rule, next: turns(rule) });
  }

  clear(): void {
    this.active = [];
    this.ingestionLag = 0;
  }

  /** The database as the submit endpoint sees it: behind by the ingestion lag only. */
  ingested(): ChainView {
    return this.behind(this.ingestionLag);
  }

  viewFor(path: string): ChainView {
    for (const candidate of this.active) {
      if (!fitsPath(candidate.rule, path)) continue;
      const lag = candidate.next();
      if (lag !== undefined) return this.behind(this.ingestionLag + lag);
      this.active = this.active.filter((other) => other !== candidate);
    }
    return this.ingested();
  }

  private behind(lag: number): ChainView {
    return this.chain.view(this.chain.ledgers.latestSequence - lag);
  }
}

function turns({ lags, pick = 'once', seed = 1 }: ReplicaRule): () => number | undefined {
  let turn = 0;
  const random = seeded(seed);
  switch (pick) {
    case 'once':
      return () => lags[turn++];
    case 'cycle':
      return () => lags[turn++ % lags.length];
    case 'random':
      return () => lags[Math.floor(random() * lags.length)];
  }
}
