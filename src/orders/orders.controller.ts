import { Controller, Get, Param, Post, UseGuards } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { PiAuthGuard, PiUser, type Pioneer } from 'nestjs-pi';
import { ApiPiAuth } from 'nestjs-pi/swagger';
import { ForOperator } from '../operator/operator.guard.js';
import { PayoutReference } from '../payouts/payout-view.js';
import { Order } from './order.js';
import { OrdersService } from './orders.service.js';

@ApiTags('shop')
@Controller('api')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Get('orders')
  @UseGuards(PiAuthGuard)
  @ApiPiAuth()
  @ApiOkResponse({ type: Order, isArray: true })
  mine(@PiUser() pioneer: Pioneer): Promise<Order[]> {
    return this.orders.listOf(pioneer.uid);
  }

  @Post('orders/:id/refund')
  @ForOperator()
  @ApiCreatedResponse({ type: PayoutReference, description: 'The same payout however often it is asked for.' })
  async refund(@Param('id') id: string): Promise<PayoutReference> {
    return { payoutId: await this.orders.refund(id) };
  }

  @Get('operator/orders')
  @ForOperator()
  @ApiOkResponse({ type: Order, isArray: true })
  all(): Promise<Order[]> {
    return this.orders.list();
  }
}
