import type { EmulatedNetwork } from '../network.js';
import { isSettled, type PaymentDto, type PaymentRecord, toPaymentDto } from './payment.js';
import { PlatformError } from './platform-error.js';

/** All payments of the app, with what must be found without walking through them. */
export class Payments {
  private readonly byId = new Map<string, PaymentRecord>();
  /** A2U payments neither completed nor cancelled, oldest first. */
  private readonly openA2U = new Set<PaymentRecord>();
  /** Payments whose transaction waits for its ledger. */
  private readonly pending = new Set<PaymentRecord>();

  constructor(
    private readonly network: EmulatedNetwork,
    private readonly horizonUrl: () => string,
  ) {}

  /** Stores a new or changed payment. */
  put(payment: PaymentRecord): void {
    this.byId.set(payment.identifier, payment);
    const isOpen = payment.direction === 'app_to_user' && !isSettled(payment);
    this.openA2U[isOpen ? 'add' : 'delete'](payment);
    this.pending[payment.pending ? 'add' : 'delete'](payment);
  }

  find(identifier: string): PaymentRecord | undefined {
    return this.byId.get(identifier);
  }

  /** @throws PlatformError `payment_not_found` */
  get(identifier: string): PaymentRecord {
    const payment = this.byId.get(identifier);
    if (!payment) throw new PlatformError('payment_not_found', 'Payment not found');
    return payment;
  }

  list(): PaymentRecord[] {
    return [...this.byId.values()];
  }

  openServerPayments(): PaymentRecord[] {
    return [...this.openA2U];
  }

  pendingPayments(): PaymentRecord[] {
    return [...this.pending];
  }

  toDto(payment: PaymentRecord): PaymentDto {
    return toPaymentDto(payment, this.network, this.horizonUrl());
  }

  export(): PaymentRecord[] {
    return this.list();
  }

  import(payments: readonly PaymentRecord[]): void {
    this.byId.clear();
    this.openA2U.clear();
    this.pending.clear();
    for (const payment of payments) this.put(payment);
  }
}
