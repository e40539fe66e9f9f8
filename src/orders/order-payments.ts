import { Injectable } from '@nestjs/common';
import {
  OnPiPayment,
  type PiApproval,
  type PiPaidPayment,
  type PiPayment,
  PiPaymentRefusedError,
  type PiTransaction,
} from 'nestjs-pi';
import { Catalog } from '../catalog/catalog.js';
import { OrdersRepository } from './orders.repository.js';

/** What paying means to this shop. Everything else about payments is the library's. */
@Injectable()
export class OrderPayments {
  constructor(
    private readonly catalog: Catalog,
    private readonly orders: OrdersRepository,
  ) {}

  @OnPiPayment('approve')
  approve(payment: PiPayment): PiApproval {
    const product = this.catalog.find(payment.metadata['productId']);
    if (!product) throw new PiPaymentRefusedError('the shop does not sell that');
    return { amount: product.price };
  }

  @OnPiPayment('completed')
  async deliver(payment: PiPaidPayment, tx: PiTransaction): Promise<void> {
    await this.orders.add(payment, String(payment.metadata['productId']), 'delivered', tx);
  }

  @OnPiPayment('cancelled')
  async cancel(payment: PiPayment, tx: PiTransaction): Promise<void> {
    const product = this.catalog.find(payment.metadata['productId']);
    if (product) await this.orders.add(payment, product.id, 'cancelled', tx);
  }
}
