import { PiAmount } from '../chain/pi-amount.js';
import type { LaneParts } from './lane-parts.js';

/** How often a wallet is looked at, and so at most how often it is warned of, in milliseconds. */
const LOOK_MS = 300_000;

/** Warns before a wallet runs dry: below `lowBalance`, or below what its open payouts need. */
export class BalanceWatch {
  #timer: NodeJS.Timeout | undefined;
  #asking = new AbortController();

  constructor(private readonly lanes: readonly LaneParts[]) {}

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#asking.abort();
  }

  async look(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => this.#lookAt(lane)));
  }

  async #lookAt({ app, ledger, horizon, wallet, logger }: LaneParts): Promise<void> {
    try {
      const account = await horizon.account(wallet.address, { signal: this.#asking.signal });
      const { rows } = await ledger.read(({ query }) =>
        query<{ open: string }>(
          `select coalesce(sum(stroops), 0)::text as open from pi.payouts
           where app = $1 and wallet = $2 and (state = 'requested' or state in ('created', 'signed', 'submitted'))`,
          [app, wallet.address],
        ),
      );
      const open = BigInt(rows[0]!.open);
      const needed = wallet.lowBalance !== undefined && wallet.lowBalance > open ? wallet.lowBalance : open;
      const balance = account?.balance.stroops ?? 0n;
      if (balance >= needed && balance > 0n) return;
      logger.warn(
        `The wallet ${wallet.name} holds ${PiAmount.ofStroops(balance)} Pi: open payouts need ${PiAmount.ofStroops(open)} Pi${
          wallet.lowBalance === undefined ? '' : `, and lowBalance is ${PiAmount.ofStroops(wallet.lowBalance)} Pi`
        }. Send Pi to ${wallet.address}.`,
      );
    } catch (error) {
      if (!this.#asking.signal.aborted)
        logger.debug(`The balance of ${wallet.name} could not be read: ${String(error)}`);
    }
  }
}
