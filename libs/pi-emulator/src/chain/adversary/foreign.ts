import { createHash } from 'node:crypto';
import { Account, Asset, Keypair, Memo, Operation, TransactionBuilder, type xdr } from '@stellar/stellar-base';
import { Transaction } from '@stellar/stellar-base';
import type { Chain } from '../chain.js';
import { amountOf, type Envelope } from '../envelope.js';
import { refusalOf } from '../validation.js';

/** A transaction slipped in by somebody else. It applies with the next ledger. */
export interface ForeignTransaction {
  readonly hash: string;
  readonly source: string;
  readonly sequence: bigint;
  readonly envelopeXdr: string;
}

interface Draft {
  readonly keys: Keypair;
  readonly operation: xdr.Operation;
  readonly memo?: string;
  readonly sequence?: bigint;
}

/** Other people's transactions: all real, signed and paid for, entering through "another node". */
export class ForeignTransactions {
  private strangers = 0;

  constructor(private readonly chain: Chain) {}

  /** Uses the wallet's next sequence number with the wallet's own key, as a second copy of the app would. */
  useSequence({ secret, outcome = 'success' }: UseSequence): ForeignTransaction {
    const destination = outcome === 'success' ? this.stranger().publicKey() : nowhere(this.strangers++);
    return this.enter({ keys: Keypair.fromSecret(secret), operation: transfer(destination, 1n) });
  }

  /** Moves the wallet's sequence number ahead by `bump_sequence`, which itself uses the next one. */
  bumpSequence({ secret, by, to }: BumpSequence): ForeignTransaction {
    const keys = Keypair.fromSecret(secret);
    const bumpTo = to ?? this.sequenceOf(keys) + BigInt(by ?? 2);
    return this.enter({ keys, operation: Operation.bumpSequence({ bumpTo: bumpTo.toString() }) });
  }

  /** A small payment to the wallet, with a memo of the sender's choice: ours, for instance. */
  dust({ to, memo, stroops = 1n }: Dust): ForeignTransaction {
    return this.enter({ keys: this.stranger(), operation: transfer(to, stroops), ...(memo !== undefined && { memo }) });
  }

  /** Dust to the wallet from an account whose sequence number is the very one the wallet uses next. */
  lookAlike({ wallet, memo, stroops = 1n, sequence }: LookAlike): ForeignTransaction {
    const { chain } = this;
    const account = chain.account(wallet);
    if (!account) throw new Error(`pi-emulator: no account ${wallet} to look like`);
    const keys = this.stranger();
    const wanted = sequence ?? account.sequence + 1n;
    const balance = chain.account(keys.publicKey())?.balance ?? 0n;
    chain.accounts.put(keys.publicKey(), { balance, sequence: wanted - 1n }, chain.ledgers.latestSequence);
    return this.enter({ keys, operation: transfer(wallet, stroops), ...(memo !== undefined && { memo }) });
  }

  /** Wraps a transaction anybody posted in a fee bump, paid by a stranger: it applies under another hash. */
  wrap({ feeBump, transaction, operations }: Envelope): ForeignTransaction {
    if (feeBump) throw new Error('pi-emulator: a fee bump cannot be wrapped again');
    const { chain } = this;
    const payer = this.stranger();
    const offered = BigInt(transaction.fee) / BigInt(Math.max(operations.length, 1)) + 1n;
    const rate = offered > chain.mempool.effectiveFee ? offered : chain.mempool.effectiveFee;
    const copy = new Transaction(transaction.toXDR(), chain.passphrase);
    const wrapped = TransactionBuilder.buildFeeBumpTransaction(payer, rate.toString(), copy, chain.passphrase);
    wrapped.sign(payer);
    return this.inject(wrapped.toXDR());
  }

  private enter({ keys, operation, memo, sequence }: Draft): ForeignTransaction {
    const { chain } = this;
    const next = sequence ?? this.sequenceOf(keys) + 1n;
    const builder = new TransactionBuilder(new Account(keys.publicKey(), (next - 1n).toString()), {
      fee: chain.mempool.effectiveFee.toString(),
      networkPassphrase: chain.passphrase,
      timebounds: { minTime: 0, maxTime: 0 },
    });
    builder.addOperation(operation);
    if (memo !== undefined) builder.addMemo(Memo.text(memo));
    const transaction = builder.build();
    transaction.sign(keys);
    return this.inject(transaction.toXDR());
  }

  private inject(envelopeXdr: string): ForeignTransaction {
    const { chain } = this;
    const envelope = chain.readOrThrow(envelopeXdr);
    const { latestSequence, latestClosedAt } = chain.ledgers;
    const refusal = refusalOf(envelope, chain.accounts, {
      ledger: latestSequence + 1,
      earliestClose: BigInt(latestClosedAt),
      latestClose: BigInt(latestClosedAt),
      baseFee: chain.mempool.effectiveFee,
      baseReserve: chain.baseReserve,
    });
    if (refusal) {
      const inner = refusal.inner ? ` (${refusal.inner.code})` : '';
      throw new Error(`pi-emulator: this foreign transaction cannot apply: ${refusal.code}${inner}`);
    }
    chain.mempool.inject(envelope);
    return { hash: envelope.hash, source: envelope.source, sequence: envelope.sequence, envelopeXdr };
  }

  private sequenceOf(keys: Keypair): bigint {
    const account = this.chain.account(keys.publicKey());
    if (!account) throw new Error(`pi-emulator: no account ${keys.publicKey()} on this chain`);
    return account.sequence;
  }

  /** A fresh account with 1,000 Pi. */
  private stranger(): Keypair {
    const keys = keysOf(`stranger ${this.chain.ledgers.latestSequence} ${this.strangers++}`);
    this.chain.fund(keys.publicKey(), 10_000_000_000n);
    return keys;
  }
}

export interface UseSequence {
  /** The wallet's seed. */
  secret: string;
  /** Whether the foreign transaction succeeds (default) or applies as failed. Both use the sequence number. */
  outcome?: 'success' | 'failed';
}

export interface BumpSequence {
  secret: string;
  /** How far the sequence number moves in all, default 2: a gap of one. */
  by?: number;
  to?: bigint;
}

export interface Dust {
  to: string;
  memo?: string;
  /** Default 1. */
  stroops?: bigint;
}

export interface LookAlike {
  /** Address of the wallet in whose listing it shall show. */
  wallet: string;
  memo?: string;
  /** Default 1. */
  stroops?: bigint;
  /** Default the wallet's next. */
  sequence?: bigint;
}

function transfer(destination: string, stroops: bigint): xdr.Operation {
  return Operation.payment({ destination, asset: Asset.native(), amount: amountOf(stroops) });
}

function keysOf(name: string): Keypair {
  return Keypair.fromRawEd25519Seed(createHash('sha256').update(`pi-emulator ${name}`).digest());
}

/** An address without an account. */
function nowhere(index: number): string {
  return keysOf(`nowhere ${index}`).publicKey();
}
