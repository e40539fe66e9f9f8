import type { WalletReading } from './chain-reader.js';
import type { SigningReason } from './payout.decision.js';
import type { PayoutRecord, SignedAttempt } from './payout-record.js';
import { signPayout } from './payout-transaction.js';
import { signerInTime } from './signer-in-time.js';
import type { Tenure } from './tenure.js';

/** Reserve of an account: so many entries of the ledger's base reserve, plus its subentries. */
const ACCOUNT_ENTRIES = 2n;

/**
 * Signs what the rules decided on. Nothing is stored or sent here.
 *
 * @returns undefined when the wallet holds too little for it
 */
export async function signAttempt(
  { chain, fees, parts, call }: Tenure,
  payout: PayoutRecord,
  decided: { sequence: bigint; maxTime: number; why: SigningReason; reading: WalletReading },
): Promise<SignedAttempt | undefined> {
  const { sequence, maxTime, why, reading } = decided;
  const previous = payout.attempts.at(-1);
  const fee = why === 'fee' ? await fees.raised(previous!.fee, call) : await fees.fee(call);
  const anchor = await chain.anchor();
  const reserve = (ACCOUNT_ENTRIES + BigInt(reading.subentries)) * anchor.baseReserve;
  if (why !== 'fee' && reading.balance < payout.stroops + fee + reserve) return undefined;

  const { wallet, passphrase, settings } = parts;
  const plan = {
    passphrase,
    wallet: wallet.address,
    destination: payout.destination!,
    stroops: payout.stroops,
    identifier: payout.identifier!,
    sequence,
    maxTime,
    fee,
  };
  const signer = signerInTime(wallet.signer, settings.signMs, call.signal);
  const signed = await signPayout(plan, signer);
  return { ...signed, number: payout.signed + 1, sequence, maxTime, fee, anchor };
}
