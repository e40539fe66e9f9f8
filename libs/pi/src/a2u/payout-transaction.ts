import type { PiSigner } from '../pi.ports.js';
import { PiAmount } from '../chain/pi-amount.js';

/** What one signed transaction says. */
export interface PayoutTransactionPlan {
  readonly passphrase: string;
  readonly wallet: string;
  readonly destination: string;
  readonly stroops: bigint;
  /** Pi's identifier: the text memo. */
  readonly identifier: string;
  readonly sequence: bigint;
  /** Chain time, in seconds. */
  readonly maxTime: number;
  /** Stroops. */
  readonly fee: bigint;
}

/**
 * Builds and signs the transaction of a payout: one native payment, minTime 0, a maxTime always. Loads stellar-base.
 *
 * @throws Error when what the signer returns is no signature of the wallet's
 */
export async function signPayout(
  plan: PayoutTransactionPlan,
  signer: PiSigner,
): Promise<{ readonly hash: string; readonly envelope: string }> {
  const { Account, Asset, Keypair, Memo, Operation, TransactionBuilder, xdr } = await import('@stellar/stellar-base');
  // The builder adds 1 to the account's sequence number.
  const account = new Account(plan.wallet, String(plan.sequence - 1n));
  const transaction = new TransactionBuilder(account, { fee: String(plan.fee), networkPassphrase: plan.passphrase })
    .addOperation(
      Operation.payment({
        destination: plan.destination,
        asset: Asset.native(),
        amount: PiAmount.ofStroops(plan.stroops).toFixed(),
      }),
    )
    .addMemo(Memo.text(plan.identifier))
    .setTimebounds(0, plan.maxTime)
    .build();
  const hash = transaction.hash();
  const signature = Buffer.from(await signer.sign(hash));
  const key = Keypair.fromPublicKey(plan.wallet);
  if (signature.length !== 64 || !key.verify(hash, signature))
    throw new Error(`The signer did not return a signature of the wallet ${plan.wallet}: it signs with another key.`);
  transaction.signatures.push(new xdr.DecoratedSignature({ hint: key.signatureHint(), signature }));
  return { hash: hash.toString('hex'), envelope: transaction.toXDR() };
}
