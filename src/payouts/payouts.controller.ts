import { Body, Controller, Get, HttpCode, Inject, NotFoundException, Param, Post, Query, Res } from '@nestjs/common';
import { ApiConflictResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { A2UService, type PiModuleOptions } from 'nestjs-pi';
import { piConfig } from 'nestjs-pi/config';
import { ForOperator } from '../operator/operator.guard.js';
import { ListPayoutsQuery } from './list-payouts.query.js';
import { PayoutView, toPayoutView } from './payout-view.js';
import { ResolvePayout, toResolution } from './resolve-payout.dto.js';

@ApiTags('operator')
@ForOperator()
@Controller('api/payouts')
export class PayoutsController {
  constructor(
    @Inject(piConfig.KEY) private readonly pi: PiModuleOptions,
    private readonly payouts: A2UService,
  ) {}

  @Get()
  @ApiOkResponse({
    type: PayoutView,
    isArray: true,
    headers: {
      'X-Next-After': { description: '`after` of the next page; absent on the last.', schema: { type: 'string' } },
    },
  })
  async list(@Query() query: ListPayoutsQuery, @Res({ passthrough: true }) response: Response): Promise<PayoutView[]> {
    if (!this.pi.wallets) return [];
    const { items, next } = await this.payouts.list(query);
    if (next !== undefined) response.setHeader('X-Next-After', next);
    return items.map(toPayoutView);
  }

  @Get(':id')
  @ApiOkResponse({ type: PayoutView })
  async get(@Param('id') id: string): Promise<PayoutView> {
    const payout = await this.payouts.get(id);
    if (!payout) throw new NotFoundException({ statusCode: 404, message: `There is no payout ${id}.` });
    return toPayoutView(payout);
  }

  @Post(':id/resolve')
  @HttpCode(200)
  @ApiOkResponse({ type: PayoutView })
  @ApiConflictResponse({ description: 'It waits for no decision, or the chain says otherwise. Nothing was changed.' })
  async resolve(@Param('id') id: string, @Body() decision: ResolvePayout): Promise<PayoutView> {
    return toPayoutView(await this.payouts.resolve(id, toResolution(decision)));
  }
}
