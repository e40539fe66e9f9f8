import { piNetworkOf } from '../chain/pi-network.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import type { PaymentRow } from './payment-row.js';

/** What follows for the journal from a fresh answer of `GET /payments/{id}`. */
export type PaymentDecision =
  /** Nothing new. */
  | { readonly next: 'wait' }
  /** Pi approved what we agreed to. */
  | { readonly next: 'note_approved' }
  /** Money may have moved: check it on the chain, then complete. */
  | { readonly next: 'complete'; readonly txid: string }
  /** Pi completed what we had verified. */
  | { readonly next: 'note_completed' }
  | { readonly next: 'note_cancelled' }
  | { readonly next: 'deliver' }
  /** Journal and Pi disagree where money is concerned (rule 8). */
  | { readonly next: 'review'; readonly reason: string };

/** A pure function over evidence, so that it can be read against payment-routes.md and tested exhaustively. */
export function decide(row: PaymentRow, dto: PaymentDto): PaymentDecision {
  const txid = dto.transaction?.txid;
  const { developer_approved: approved, developer_completed: completed } = dto.status;
  const paid = txid !== undefined || completed;
  const cancelled = isCancelled(dto);

  switch (row.state) {
    case 'seen':
      if (paid) return review(`it was paid${named(txid)}, but never approved here`);
      return cancelled ? { next: 'note_cancelled' } : { next: 'wait' };

    case 'approving':
    case 'approved':
      if (paid && cancelled) return review(`it was paid${named(txid)}, and is cancelled at Pi`);
      if (cancelled) return { next: 'note_cancelled' };
      if (paid && difference(row, dto)) return review(`it was paid${named(txid)}, but ${difference(row, dto)}`);
      if (txid !== undefined) return { next: 'complete', txid };
      if (completed) return review('Pi shows it completed, but names no transaction');
      return row.state === 'approving' && approved ? { next: 'note_approved' } : { next: 'wait' };

    case 'completing':
      if (difference(row, dto))
        return review(`its transaction ${row.txid} was verified, but now ${difference(row, dto)}`);
      if (cancelled) return review(`its transaction ${row.txid} is on the chain, but it is cancelled at Pi`);
      if (txid !== undefined && txid !== row.txid)
        return review(`its transaction ${row.txid} is on the chain, but Pi has linked ${txid}`);
      return completed ? { next: 'note_completed' } : { next: 'complete', txid: row.txid as string };

    case 'completed':
      return { next: 'deliver' };

    case 'cancelled':
      return paid ? review(`it was paid${named(txid)} after it had been cancelled`) : { next: 'wait' };

    case 'refused':
      return paid && !row.resolution ? review(`it was paid${named(txid)}, although refused`) : { next: 'wait' };

    case 'delivered':
    case 'needs_review':
      return { next: 'wait' };

    default:
      return row.state satisfies never;
  }
}

export function isCancelled(dto: PaymentDto): boolean {
  return dto.status.cancelled || dto.status.user_cancelled;
}

/** What is no longer as it was when the journal first saw the payment. Pi does not change payments: this is somebody else's. */
export function difference(row: PaymentRow, dto: PaymentDto): string | undefined {
  if (dto.direction !== 'user_to_app') return 'it is a payout';
  if (piNetworkOf(dto.network) !== row.network) return `it is of the network "${dto.network}"`;
  if (!row.amount.equals(dto.amount)) return `its amount is ${dto.amount} Pi, not ${row.amount} Pi as approved`;
  if (row.uid !== dto.user_uid) return 'it belongs to another Pioneer';
  if (row.toAddress !== dto.to_address) return `it pays ${dto.to_address}, not ${row.toAddress} as approved`;
  return undefined;
}

function review(reason: string): PaymentDecision {
  return { next: 'review', reason };
}

function named(txid: string | undefined): string {
  return txid === undefined ? '' : ` by transaction ${txid}`;
}
