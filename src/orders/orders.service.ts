import { ConflictException, Inject, Injectable, NotFoundException } from '@nestjs/common';
import { A2UService, PaymentsService, PiLedger, type PiModuleOptions, type PiPaymentState } from 'nestjs-pi';
import { piConfig } from 'nestjs-pi/config';
import { Catalog } from '../catalog/catalog.js';
import type { Order, OrderRow, Refund } from './order.js';
import { OrdersRepository } from './orders.repository.js';

/** States of a payment that the Pioneer sees as an order although nothing was delivered. */
const UNDER_WAY: PiPaymentState[] = ['approved', 'completing', 'completed', 'refused', 'needs_review'];

@Injectable()
export class OrdersService {
  constructor(
    @Inject(piConfig.KEY) private readonly pi: PiModuleOptions,
    private readonly ledger: PiLedger,
    private readonly orders: OrdersRepository,
    private readonly catalog: Catalog,
    private readonly payments: PaymentsService,
    private readonly payouts: A2UService,
  ) {}

  /** A Pioneer's orders, with the payments still under way first. */
  async listOf(uid: string): Promise<Order[]> {
    const rows = await this.orders.listOf(uid);
    const known = new Set(rows.map(({ paymentId }) => paymentId));
    const { items } = await this.payments.list({ uid, state: UNDER_WAY });
    const pending = items
      .filter((payment) => !known.has(payment.id) && this.catalog.find(payment.metadata['productId']))
      .map((payment) => ({
        id: payment.id,
        productId: String(payment.metadata['productId']),
        paymentId: payment.id,
        amount: payment.amount.toString(),
        status: payment.state,
      }));
    return [...pending, ...(await Promise.all(rows.map((row) => this.view(row))))];
  }

  /** Everybody's, for the operator. */
  async list(): Promise<Order[]> {
    const rows = await this.orders.list();
    return Promise.all(rows.map((row) => this.view(row)));
  }

  /**
   * Pays an order back, once: asked again, it answers with the same payout.
   * @returns the payout's id
   */
  async refund(orderId: string): Promise<string> {
    if (!this.pi.wallets)
      throw new ConflictException({ statusCode: 409, message: 'This shop refunds nothing: it has no wallet.' });
    return this.ledger.transaction(async (tx) => {
      const order = await this.orders.lock(orderId, tx);
      if (!order) throw new NotFoundException({ statusCode: 404, message: `There is no order ${orderId}.` });
      if (order.refundId) return order.refundId;
      if (order.status !== 'delivered') {
        const message = `Order ${orderId} is ${order.status}: only a delivered order can be refunded.`;
        throw new ConflictException({ statusCode: 409, message });
      }
      const payout = await this.payouts.pay(
        {
          idempotencyKey: `refund:${order.id}`,
          uid: order.uid,
          amount: order.amount,
          memo: `Refund: ${this.catalog.find(order.productId)?.name ?? order.productId}`,
          metadata: { orderId: order.id },
        },
        { tx },
      );
      await this.orders.noteRefund(order.id, payout.id, tx);
      return payout.id;
    });
  }

  private async view({ id, productId, paymentId, amount, status, refundId }: OrderRow): Promise<Order> {
    const refund = refundId === null ? undefined : await this.refundView(refundId);
    return { id, productId, paymentId, amount, status, ...(refund && { refund }) };
  }

  private async refundView(payoutId: string): Promise<Refund> {
    const payout = await this.payouts.get(payoutId);
    const reason = payout?.review?.reason ?? payout?.reason ?? payout?.parked;
    return { payoutId, state: payout?.state ?? 'unknown', ...(reason !== undefined && { reason }) };
  }
}
