import { Account, Asset, Keypair, Memo, Operation, TransactionBuilder, xdr } from '@stellar/stellar-base';
import { Chain } from './chain.js';
import type { ChainOptions, CoreAnswer } from './chain.types.js';

/** What the specs of the chain share: a chain that closes by hand and a few wallets with known keys. */
export const PI = 10_000_000n;

const NATIVE = Asset.native();

export function keys(name: string): Keypair {
  return Keypair.fromRawEd25519Seed(Buffer.from(name.padEnd(32, '.')));
}

export const alice = keys('alice');
export const bob = keys('bob');
export const carol = keys('carol');
export const nobody = keys('nobody');

/** Alice, Bob and Carol have 100 Pi each; the clock stands still at the moment the chain was made. */
export function chainByHand(options: ChainOptions = {}): Chain {
  const made = Date.now();
  const chain = new Chain({ ledgerMs: 'manual', firstLedger: 1000, clock: () => made, ...options });
  for (const wallet of [alice, bob, carol]) chain.fund(wallet.publicKey(), 100n * PI);
  return chain;
}

export interface Sketch {
  from?: Keypair;
  sequence?: bigint;
  fee?: bigint;
  operations?: xdr.Operation[];
  to?: string;
  pi?: string;
  memo?: Memo;
  minTime?: number;
  maxTime?: number;
  signers?: Keypair[];
  passphrase?: string;
  change?: (builder: TransactionBuilder) => void;
}

/** A transaction of Alice's paying 1 Pi to Bob, with whatever is to be different. */
export function sketch(chain: Chain, wanted: Sketch = {}) {
  const from = wanted.from ?? alice;
  const sequence = wanted.sequence ?? (chain.account(from.publicKey())?.sequence ?? 0n) + 1n;
  const operations = wanted.operations ?? [pay(wanted.to ?? bob.publicKey(), wanted.pi ?? '1')];
  const fee = wanted.fee ?? chain.baseFee * BigInt(operations.length);
  const builder = new TransactionBuilder(new Account(from.publicKey(), (sequence - 1n).toString()), {
    fee: (fee / BigInt(operations.length || 1)).toString(), // the builder wants it per operation
    networkPassphrase: wanted.passphrase ?? chain.passphrase,
    timebounds: { minTime: wanted.minTime ?? 0, maxTime: wanted.maxTime ?? 0 },
  });
  for (const operation of operations) builder.addOperation(operation);
  if (wanted.memo) builder.addMemo(wanted.memo);
  wanted.change?.(builder);
  const transaction = builder.build();
  for (const signer of wanted.signers ?? [from]) transaction.sign(signer);
  return { xdr: transaction.toXDR(), hash: transaction.hash().toString('hex'), transaction };
}

export function pay(destination: string, pi: string, source?: string): xdr.Operation {
  return Operation.payment({ destination, amount: pi, asset: NATIVE, ...(source !== undefined && { source }) });
}

/** A payment of nothing, which the library will not write but anybody can send. */
export function payNothing(destination: string): xdr.Operation {
  const operation = pay(destination, '1');
  operation.body().paymentOp().amount(xdr.Int64.fromString('0'));
  return operation;
}

/** The answer as one string: `PENDING`, or the codes of a refusal. */
export function told(answer: CoreAnswer): string {
  if (answer.status !== 'ERROR') return answer.status;
  const { code, operations, inner } = answer.result;
  return [code, inner?.code, ...(inner?.operations ?? operations ?? [])].filter(Boolean).join(' ');
}
