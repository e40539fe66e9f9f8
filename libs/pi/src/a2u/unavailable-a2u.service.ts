import { type Observable, throwError } from 'rxjs';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { A2UService } from './a2u.service.js';
import type { Payout, PayoutPage } from './payout.js';

/** In place of `A2UService` where the app has no ledger or no wallet: says so to whoever asks. */
export class UnavailableA2UService extends A2UService {
  readonly changes: Observable<Payout> = throwError(() => this.#error());

  constructor(private readonly missing: 'ledger' | 'wallets') {
    super();
  }

  async pay(): Promise<Payout> {
    throw this.#error();
  }
  async get(): Promise<Payout | undefined> {
    throw this.#error();
  }
  async find(): Promise<Payout | undefined> {
    throw this.#error();
  }
  async list(): Promise<PayoutPage> {
    throw this.#error();
  }
  async cancel(): Promise<Payout> {
    throw this.#error();
  }
  async whenSettled(): Promise<Payout> {
    throw this.#error();
  }
  async resolve(): Promise<Payout> {
    throw this.#error();
  }
  async recover(): Promise<void> {
    throw this.#error();
  }

  #error(): PiConfigurationError {
    return new PiConfigurationError([
      this.missing === 'ledger'
        ? {
            problem: 'payouts need a ledger: one that is not journaled could be paid twice',
            fix: "add the option ledger: { url: 'postgres://…' }, or { directory: '…' } to start with",
          }
        : {
            problem: 'payouts need a wallet to pay from',
            fix: 'add the option wallets: [{ signer: { seed: process.env.PI_WALLET_PRIVATE_SEED } }]',
          },
    ]);
  }
}
