import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNotEmpty, IsString, Matches, MaxLength, ValidateIf } from 'class-validator';
import type { PayoutResolution } from 'nestjs-pi';

const ACTIONS: PayoutResolution['action'][] = ['paid', 'retry', 'abandon'];

/** An operator's decision on a payout in `needs_review`. */
export class ResolvePayout {
  @ApiProperty({ enum: ACTIONS, description: 'One of those the payout offers in `review.actions`.' })
  @IsIn(ACTIONS)
  readonly action!: PayoutResolution['action'];

  @ApiPropertyOptional({ description: 'With `paid`: the transaction that paid it, 64 lower-case hexadecimal digits.' })
  @ValidateIf(({ action }: ResolvePayout) => action === 'paid')
  @Matches(/^[0-9a-f]{64}$/, { message: 'txid is the hash of the transaction: 64 lower-case hexadecimal digits' })
  readonly txid?: string;

  @ApiProperty({ description: 'Who decides; kept with the decision.', example: 'amara' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  readonly by!: string;
}

export function toResolution({ action, txid = '', by }: ResolvePayout): PayoutResolution {
  return action === 'paid' ? { action, txid, by } : { action, by };
}
