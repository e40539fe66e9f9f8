import type { Selectable } from 'kysely';
import { PiAmount } from '../chain/pi-amount.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import type { PayoutAttemptsTable, PayoutsTable } from '../ledger/tables/payouts.table.js';
import type { PiMetadata } from '../platform/pi-payment.js';
import type { Payout, PayoutAttempt } from './payout.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import type { Attempt, PayoutFacts, WalletHistory } from './payout.evidence.js';
import { isReviewReason, REVIEW_REASONS } from './review-reasons.js';

/** An attempt as committed, with what is needed to send it again. */
export interface SignedAttempt extends Attempt {
  /** Base64 XDR, signed. */
  readonly envelope: string;
  /** Stroops. */
  readonly fee: bigint;
  /** A ledger of the chain it was signed for. */
  readonly anchor: { readonly ledger: number; readonly hash: string };
  readonly outcome?: string;
}

/** A payout with its attempts, as read from our ledger in one statement. */
export interface PayoutRecord extends Omit<Payout, 'attempts'> {
  readonly app: string;
  /** Order of arrival. */
  readonly position: bigint;
  readonly stroops: bigint;
  readonly destination?: string;
  readonly createdAtPi?: number;
  readonly baseline?: bigint;
  readonly createSent: boolean;
  readonly cancelWanted?: string;
  readonly reviewCode?: string;
  readonly tries: number;
  /** For how long it was still to rest when it was read, in milliseconds; below 0: no more. */
  readonly restMs: number;
  /** How many attempts there are. */
  readonly signed: number;
  /** The newest of them, and the one with the latest time bound: the highest S and the last T of all are among these. */
  readonly attempts: readonly SignedAttempt[];
}

/** So many attempts are read with a payout. Of older ones {@link recallAttempts} finds those that a history shows. */
const NEWEST = 20;

type Row = Selectable<PayoutsTable> & { signed: string | AttemptJson[] | null; rest_ms: number };
type AttemptRow = Selectable<PayoutAttemptsTable>;
/** As `json_agg` writes it: 64-bit numbers were cast to text. */
type AttemptJson = Pick<AttemptRow, 'number' | 'hash' | 'envelope' | 'ledger' | 'ledger_hash'> & {
  sequence: string;
  max_time: string;
  fee: string;
  outcome: string | null;
};

/**
 * Payouts with their attempts, in one statement: so that a state is never read beside attempts of another moment. However often one
 * was signed, this takes no longer.
 */
export function selectPayouts({ db, sql }: LedgerSession) {
  const signed = sql<string | null>`(
    select json_agg(json_build_object(
      'number', a.number, 'hash', a.hash, 'envelope', a.envelope, 'ledger', a.ledger, 'ledger_hash', a.ledger_hash,
      'sequence', a.sequence::text, 'max_time', a.max_time::text, 'fee', a.fee::text,
      'outcome', (select e.detail from pi.payout_events e
        where e.payout_id = a.payout_id and e.kind = 'answer' and e.attempt = a.number order by e.id desc limit 1)
    ) order by a.number) from pi.payout_attempts a
    where a.payout_id = payouts.id and (a.number > payouts.attempts - ${NEWEST}::integer or a.max_time = (
      select max(m.max_time) from pi.payout_attempts m where m.payout_id = payouts.id)))`;
  const rest = sql<number>`(extract(epoch from next_at - clock_timestamp()) * 1000)::double precision`;
  return db
    .selectFrom('payouts')
    .selectAll()
    .select([signed.as('signed'), rest.as('rest_ms')])
    .$castTo<Row>();
}

/** The facts, with every attempt of the payout that these records show, however old it is: none may pass for somebody else's. */
export async function recallAttempts(
  ledger: PiLedger<unknown>,
  { id, signed, attempts }: PayoutRecord,
  facts: PayoutFacts,
  { records }: WalletHistory,
): Promise<PayoutFacts> {
  if (signed <= attempts.length || records.length === 0) return facts;
  const hashes = records.flatMap(({ hash, innerHash }) => (innerHash === undefined ? [hash] : [hash, innerHash]));
  const { rows } = await ledger.read(({ query }) =>
    query<{ number: number; sequence: string; max_time: string; hash: string }>(
      `select number, sequence::text as sequence, max_time::text as max_time, hash from pi.payout_attempts
       where payout_id = $1::uuid and hash = any($2::text[]) and number <> all($3::integer[]) order by number`,
      [id, hashes, attempts.map(({ number }) => number)],
    ),
  );
  const older = rows.map(({ number, sequence, max_time: maxTime, hash }) => {
    return { number, sequence: BigInt(sequence), maxTime: Number(maxTime), hash };
  });
  return { ...facts, attempts: [...older, ...facts.attempts] };
}

export function toRecord(row: Row): PayoutRecord {
  const review = row.review !== null && isReviewReason(row.review) ? REVIEW_REASONS[row.review] : undefined;
  const stroops = BigInt(row.stroops);
  return {
    id: row.id,
    app: row.app,
    position: BigInt(row.position),
    idempotencyKey: row.idempotency_key,
    wallet: row.wallet,
    uid: row.uid,
    amount: PiAmount.ofStroops(stroops),
    stroops,
    memo: row.memo,
    state: row.state,
    createSent: row.create_sent,
    tries: row.tries,
    restMs: row.rest_ms,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    signed: row.attempts,
    attempts: attemptsOf(row.signed),
    ...(row.metadata !== null && { metadata: JSON.parse(row.metadata) as PiMetadata }),
    ...(row.identifier !== null && { identifier: row.identifier }),
    ...(row.destination !== null && { destination: row.destination }),
    ...(row.created_at_pi !== null && { createdAtPi: Number(row.created_at_pi) }),
    ...(row.baseline !== null && { baseline: BigInt(row.baseline) }),
    ...(row.txid !== null && { txid: row.txid }),
    ...(row.cancel_wanted !== null && { cancelWanted: row.cancel_wanted }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.parked !== null && { parked: row.parked }),
    ...(row.review !== null && { reviewCode: row.review }),
    ...(review && { review: { reason: review.text, actions: review.actions } }),
  };
}

function attemptsOf(signed: Row['signed']): SignedAttempt[] {
  const rows = typeof signed === 'string' ? (JSON.parse(signed) as AttemptJson[]) : (signed ?? []);
  return rows.map((row) => ({
    number: row.number,
    sequence: BigInt(row.sequence),
    maxTime: Number(row.max_time),
    hash: row.hash,
    envelope: row.envelope,
    fee: BigInt(row.fee),
    anchor: { ledger: row.ledger, hash: row.ledger_hash },
    ...(row.outcome !== null && { outcome: row.outcome }),
  }));
}

/** What an app gets to see. */
export function toPayout(record: PayoutRecord): Payout {
  const { id, idempotencyKey, uid, amount, memo, state, wallet, createdAt, updatedAt } = record;
  const { metadata, identifier, txid, review, parked, reason } = record;
  return {
    id,
    idempotencyKey,
    uid,
    amount,
    memo,
    state,
    wallet,
    createdAt,
    updatedAt,
    attempts: record.attempts.map(toPayoutAttempt),
    ...(metadata && { metadata }),
    ...(identifier !== undefined && { identifier }),
    ...(txid !== undefined && { txid }),
    ...(state === 'needs_review' && review && { review }),
    ...(parked !== undefined && { parked }),
    ...(reason !== undefined && { reason }),
  };
}

/** JSON has no bigint: without this, a controller that answers with a payout would fail. */
function toPayoutAttempt({ sequence, hash, maxTime, outcome }: SignedAttempt): PayoutAttempt {
  const attempt = { sequence, hash, maxTime: new Date(maxTime * 1000), ...(outcome !== undefined && { outcome }) };
  const toJSON = () => ({ ...attempt, sequence: String(sequence) });
  return Object.defineProperty(attempt, 'toJSON', { value: toJSON });
}

/** What the rules get to see. */
export function toFacts(record: PayoutRecord, lossyUntil?: number): PayoutFacts {
  const { wallet, uid, stroops, identifier, destination, createdAtPi, baseline, attempts, cancelWanted } = record;
  return {
    key: record.idempotencyKey,
    wallet,
    uid,
    stroops,
    attempts,
    cancelWanted: cancelWanted !== undefined,
    ...(identifier !== undefined && { identifier }),
    ...(destination !== undefined && { destination }),
    ...(createdAtPi !== undefined && { createdAtPi }),
    ...(baseline !== undefined && { baseline }),
    ...(lossyUntil !== undefined && { lossyUntil }),
  };
}
