import { Account, Asset, Keypair, Memo, Operation, TransactionBuilder } from '@stellar/stellar-base';
import type { Chain } from './chain.js';
import { amountOf } from './envelope.js';

export interface PaymentOptions {
  /** The sender's seed (`S…`). */
  secret: string;
  destination: string;
  stroops: bigint;
  /** Text memo, at most 28 bytes. */
  memo?: string;
  /** Sequence number of the transaction. Default the next of the sender's account. */
  sequence?: bigint;
  /** Whole fee in stroops. Default the chain's current minimum. */
  fee?: bigint;
  /** Unix seconds, 0 for none. Default two minutes from the chain's now. */
  maxTime?: number;
}

/**
 * A signed payment in Pi, as a wallet would make it. It still has to be handed to {@link Chain.submit}.
 * @throws Error when the sender has no account
 */
export function payment(chain: Chain, options: PaymentOptions): { hash: string; envelopeXdr: string } {
  const keys = Keypair.fromSecret(options.secret);
  const sender = chain.account(keys.publicKey());
  if (!sender) throw new Error(`pi-emulator: no account ${keys.publicKey()} to pay from; give it Pi by chain.fund()`);
  const sequence = options.sequence ?? sender.sequence + 1n;
  const builder = new TransactionBuilder(new Account(keys.publicKey(), (sequence - 1n).toString()), {
    fee: (options.fee ?? chain.mempool.effectiveFee).toString(),
    networkPassphrase: chain.passphrase,
    timebounds: { minTime: 0, maxTime: options.maxTime ?? Math.floor(chain.now() / 1000) + 120 },
  });
  builder.addOperation(
    Operation.payment({
      destination: options.destination,
      asset: Asset.native(),
      amount: amountOf(options.stroops),
    }),
  );
  if (options.memo !== undefined) builder.addMemo(Memo.text(options.memo));
  const transaction = builder.build();
  transaction.sign(keys);
  return { hash: transaction.hash().toString('hex'), envelopeXdr: transaction.toXDR() };
}
