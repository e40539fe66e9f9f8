import type { PiPoolClient } from '../pi.ports.js';
import { withDeadline } from './deadline.js';
import { isConnectionLost, ledgerUnavailable, toLedgerError } from './ledger-errors.js';

/** What a pg client has beyond our port, when it is one. */
interface EventfulClient {
  on?(event: 'error', listener: () => void): unknown;
  off?(event: 'error', listener: () => void): unknown;
}

/** `command` tells a commit from a rollback, where the driver is pg. */
export interface LedgerAnswer<Row> {
  rows: Row[];
  command?: string;
}

/** One connection taken from the pool. Every wait is bounded; one that was waited for in vain is not given back for use. */
export class LedgerConnection {
  #lost: unknown;

  constructor(readonly client: PiPoolClient) {
    // A checked-out pg client that loses its server between two statements emits 'error': unheard, it ends the process.
    (client as EventfulClient).on?.('error', this.#onError);
  }

  readonly #onError = (): void => {
    this.#lost ??= new Error('connection lost');
  };

  /** @param timeoutMs after which the answer is given up, and with it the connection: the statement may still run. */
  async query<Row>(text: string, values: readonly unknown[], timeoutMs: number): Promise<LedgerAnswer<Row>> {
    if (this.#lost !== undefined) throw ledgerUnavailable('network', 'its connection was lost', this.#lost);
    try {
      const answer = this.client.query(text, [...values]);
      return await withDeadline<LedgerAnswer<Row>>(answer, timeoutMs, () => {
        this.#lost = new Error(`no answer within ${timeoutMs} ms`);
        return ledgerUnavailable('timeout', `its database did not answer within ${timeoutMs} ms`);
      });
    } catch (error) {
      if (isConnectionLost(error)) this.#lost ??= error;
      throw toLedgerError(error);
    }
  }

  /** Undoes an open transaction. Never throws: a connection on which that fails is dropped, which undoes it too. */
  async rollback(timeoutMs: number): Promise<void> {
    if (this.#lost !== undefined) return;
    try {
      await this.query('rollback', [], timeoutMs);
    } catch (error) {
      this.#lost ??= error;
    }
  }

  /** Whoever still holds the client can do nothing with it: the connection is closed instead of being given back for use. */
  drop(): void {
    this.#lost ??= new Error('its work was given up');
  }

  release(): void {
    (this.client as EventfulClient).off?.('error', this.#onError);
    this.client.release(this.#lost !== undefined);
  }
}
