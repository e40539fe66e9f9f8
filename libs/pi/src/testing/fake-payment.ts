import { randomBytes, randomUUID } from 'node:crypto';
import { PiAmount } from '../chain/pi-amount.js';
import type { PiAmountLike } from '../chain/pi-amount.js';
import type { PiPaidPayment, PiPayment } from '../platform/pi-payment.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** An amount may be given as an `@OnPiPayment` handler would write it: `'1.5'`. */
export type FakePayment = Partial<Omit<PiPayment, 'amount'>> & { amount?: PiAmountLike };

/** A payment of 1 Pi on the Testnet as an `approve` handler gets it; change what matters to the test. */
export function fakePayment({ amount = 1, ...given }: FakePayment = {}): PiPayment {
  return {
    id: identifier(),
    uid: randomUUID(),
    memo: 'A fake payment',
    metadata: {},
    network: 'testnet',
    createdAt: new Date(),
    ...given,
    amount: PiAmount.of(amount),
  };
}

/** The same as a `completed` handler gets it: its money has moved. */
export function fakePaidPayment({ txid, ...given }: FakePayment & { txid?: string } = {}): PiPaidPayment {
  return { ...fakePayment(given), txid: txid ?? randomBytes(32).toString('hex') };
}

/** 28 base62 characters, as Pi makes them. */
function identifier(): string {
  return Array.from(randomBytes(28), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
