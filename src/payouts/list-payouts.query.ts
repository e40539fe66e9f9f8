import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type { PayoutState } from 'nestjs-pi';

const STATES: PayoutState[] = [
  'requested',
  'created',
  'signed',
  'submitted',
  'paid',
  'completed',
  'cancelling',
  'cancelled',
  'failed',
  'needs_review',
];

export class ListPayoutsQuery {
  @ApiPropertyOptional({ enum: STATES })
  @IsOptional()
  @IsIn(STATES)
  readonly state?: PayoutState;

  @ApiPropertyOptional({ description: 'X-Next-After of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly after?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  readonly limit?: number;
}
