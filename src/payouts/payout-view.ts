import { ApiProperty } from '@nestjs/swagger';
import type { Payout } from 'nestjs-pi';

export class PayoutReference {
  @ApiProperty()
  readonly payoutId!: string;
}

export class PayoutAttemptView {
  @ApiProperty({ description: 'Sequence number of the wallet, as a decimal string.' })
  readonly sequence!: string;

  @ApiProperty({ description: 'Hash of the signed transaction.' })
  readonly hash!: string;

  @ApiProperty({ description: 'It can no longer apply after this.' })
  readonly maxTime!: Date;

  @ApiProperty({ required: false })
  readonly outcome?: string;
}

export class PayoutReviewView {
  @ApiProperty()
  readonly reason!: string;

  @ApiProperty({ type: String, isArray: true, example: ['paid', 'retry', 'abandon'] })
  readonly actions!: readonly string[];
}

export class PayoutView {
  @ApiProperty()
  readonly id!: string;

  @ApiProperty({ example: 'completed' })
  readonly state!: string;

  @ApiProperty()
  readonly uid!: string;

  @ApiProperty({ description: 'In Pi, as a decimal string.', example: '0.1' })
  readonly amount!: string;

  @ApiProperty()
  readonly memo!: string;

  @ApiProperty({ type: String, nullable: true, description: "Pi's identifier, once there is one." })
  readonly identifier!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The transaction that paid, once it has.' })
  readonly txid!: string | null;

  @ApiProperty({ type: PayoutAttemptView, isArray: true })
  readonly attempts!: PayoutAttemptView[];

  @ApiProperty({ required: false, description: 'Why it failed or was cancelled.' })
  readonly reason?: string;

  @ApiProperty({ required: false, description: 'Why it does not move on for now: a limit, an empty wallet…' })
  readonly parked?: string;

  @ApiProperty({ required: false, description: 'Why a person has to look, and what may be done.' })
  readonly review?: PayoutReviewView;

  @ApiProperty()
  readonly createdAt!: Date;
}

export function toPayoutView(payout: Payout): PayoutView {
  return {
    id: payout.id,
    state: payout.state,
    uid: payout.uid,
    amount: payout.amount.toString(),
    memo: payout.memo,
    identifier: payout.identifier ?? null,
    txid: payout.txid ?? null,
    attempts: payout.attempts.map((attempt) => ({ ...attempt, sequence: attempt.sequence.toString() })),
    ...(payout.reason !== undefined && { reason: payout.reason }),
    ...(payout.parked !== undefined && { parked: payout.parked }),
    ...(payout.review && { review: payout.review }),
    createdAt: payout.createdAt,
  };
}
