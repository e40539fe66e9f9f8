import { Body, Controller, Get, Post, UseGuards } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { PiAuthGuard, PiUser, type Pioneer } from 'nestjs-pi';
import { ApiPiAuth } from 'nestjs-pi/swagger';
import { PayoutReference } from '../payouts/payout-view.js';
import { ClaimReward, Reward } from './reward.dto.js';
import { RewardsService } from './rewards.service.js';

@ApiTags('shop')
@ApiPiAuth()
@UseGuards(PiAuthGuard)
@Controller('api')
export class RewardsController {
  constructor(private readonly rewards: RewardsService) {}

  @Post('ads/reward')
  @ApiCreatedResponse({ type: PayoutReference })
  async claim(@Body() { adId }: ClaimReward, @PiUser() pioneer: Pioneer): Promise<PayoutReference> {
    const payout = await this.rewards.claim(adId, pioneer.uid);
    return { payoutId: payout.id };
  }

  @Get('rewards')
  @ApiOkResponse({ type: Reward, isArray: true })
  async mine(@PiUser() pioneer: Pioneer): Promise<Reward[]> {
    const rewards = await this.rewards.listOf(pioneer.uid);
    return rewards.map(({ id, amount, state, txid }) => ({
      payoutId: id,
      amount: amount.toString(),
      state,
      txid: txid ?? null,
    }));
  }
}
