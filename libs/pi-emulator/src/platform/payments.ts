import type { EmulatedNetwork } from '../network.js';
import { isSettled, type PaymentDirection, type PaymentDto, type PaymentRecord, toPaymentDto } from './payment.js';
import { PlatformError } from './platform-error.js';

/** All payments of the app, with what must be found without walking through them. */
export class Payments {
  private readonly byId = new Map<string, PaymentRecord>();
  private readonly byPioneer = new Map<string, PaymentRecord[]>();
  /** A2U payments neither completed nor cancelled, oldest first. */
  private readonly openA2U = new Set<PaymentRecord>();
  /** Payments neither completed nor cancelled of a direction and Pioneer, oldest first. */
  private readonly openOf = new Map<string, Set<PaymentRecord>>();
  /** Payments whose transaction waits for its ledger. */
  private readonly pending = new Set<PaymentRecord>();

  constructor(
    private readonly network: EmulatedNetwork,
    private readonly horizonUrl: () => string,
  ) {}

  /** Stores a new or changed payment. */
  put(payment: PaymentRecord): void {
    const isNew = !this.byId.has(payment.identifier);
    this.byId.set(payment.identifier, payment);
    if (isNew) listed(this.byPioneer, payment.uid, () => []).push(payment);
    const change = isSettled(payment) ? 'delete' : 'add';
    if (payment.direction === 'app_to_user') this.openA2U[change](payment);
    listed(this.openOf, openKey(payment.direction, payment.uid), () => new Set<PaymentRecord>())[change](payment);
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

  ofPioneer(uid: string): readonly PaymentRecord[] {
    return this.byPioneer.get(uid) ?? [];
  }

  openServerPayments(): PaymentRecord[] {
    return [...this.openA2U];
  }

  /** The oldest open A2U payment: of this Pioneer, or of the whole app. */
  oldestOpenServerPayment(uid?: string): PaymentRecord | undefined {
    const open = uid === undefined ? this.openA2U : this.openOf.get(openKey('app_to_user', uid));
    return open?.values().next().value;
  }

  open(direction: PaymentDirection, uid: string): PaymentRecord[] {
    return [...(this.openOf.get(openKey(direction, uid)) ?? [])];
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
    this.byPioneer.clear();
    this.openOf.clear();
    this.openA2U.clear();
    this.pending.clear();
    for (const payment of payments) this.put(payment);
  }
}

const openKey = (direction: PaymentDirection, uid: string): string => `${direction} ${uid}`;

function listed<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
