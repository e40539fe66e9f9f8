import { ApiProperty } from '@nestjs/swagger';

/** A row of `shop.orders`: an order that was delivered, or cancelled before it was paid. */
export interface OrderRow {
  readonly id: string;
  readonly uid: string;
  readonly productId: string;
  readonly paymentId: string;
  /** In Pi. */
  readonly amount: string;
  readonly status: 'delivered' | 'cancelled';
  readonly refundId: string | null;
}

export class Refund {
  @ApiProperty()
  readonly payoutId!: string;

  @ApiProperty({ description: 'State of the payout.', example: 'completed' })
  readonly state!: string;

  @ApiProperty({ required: false, description: 'Why it waits, failed or needs a person.' })
  readonly reason?: string;
}

export class Order {
  @ApiProperty()
  readonly id!: string;

  @ApiProperty({ example: 'flat-white' })
  readonly productId!: string;

  @ApiProperty()
  readonly paymentId!: string;

  @ApiProperty({ description: 'In Pi, as a decimal string.', example: '1.5' })
  readonly amount!: string;

  @ApiProperty({
    description: 'While the payment is under way, its state; in the end `delivered`, `refused` or `cancelled`.',
    example: 'delivered',
  })
  readonly status!: string;

  @ApiProperty({ required: false, type: Refund })
  readonly refund?: Refund;
}
