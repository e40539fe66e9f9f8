import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';

export class ClaimReward {
  @ApiProperty({ description: 'What Pi.Ads.showAd("rewarded") answered.' })
  @IsString()
  @Matches(/^[\w.~:-]{1,200}$/, { message: 'adId is what Pi.Ads.showAd() answered' })
  readonly adId!: string;
}

export class Reward {
  @ApiProperty()
  readonly payoutId!: string;

  @ApiProperty({ description: 'In Pi, as a decimal string.', example: '0.1' })
  readonly amount!: string;

  @ApiProperty({ description: 'State of the payout.', example: 'completed' })
  readonly state!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly txid!: string | null;
}
