import type { PiHorizonClient } from '../chain/horizon-client.js';
import type { PiCallOptions } from '../http/call-options.js';

/** What the network asks is taken as known for so long, in milliseconds. */
const FEE_STATS_MS = 300_000;

/** The fee of an attempt: what the network asks, at least `min`, never more than `max`. All in stroops. */
export class FeePolicy {
  #asked = 0n;
  #until = 0;

  constructor(
    private readonly horizon: PiHorizonClient,
    readonly min: bigint,
    readonly max: bigint,
  ) {}

  async fee(call: PiCallOptions): Promise<bigint> {
    if (performance.now() > this.#until) {
      const { lastLedgerBaseFee, feeCharged } = await this.horizon.feeStats(call);
      this.#asked = larger(lastLedgerBaseFee, feeCharged.p50);
      this.#until = performance.now() + FEE_STATS_MS;
    }
    return this.#capped(larger(this.min, this.#asked));
  }

  /** After a refusal for the fee: what the network asks now, at least twice as much as before. */
  async raised(previous: bigint, call: PiCallOptions): Promise<bigint> {
    this.#until = 0;
    return this.#capped(larger(await this.fee(call), previous * 2n));
  }

  #capped(fee: bigint): bigint {
    return fee < this.max ? fee : this.max;
  }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
