import { Injectable, type INestApplication, type Provider } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import {
  OnPiPayment,
  PaymentsService,
  PiLedger,
  PiModule,
  PiPaymentRefusedError,
  type PiApproval,
  type Pioneer,
  type PiModuleOptions,
  type PiPaidPayment,
  type PiPayment,
  type PiTransaction,
} from 'nestjs-pi';
import type { PiEmulator } from 'pi-emulator';
import { listen, type AdapterType } from './adapters.js';
import type { TestDatabase } from './database.js';

/** What a test may make the handlers of {@link PaymentShop} do. */
export interface ShopBehaviour {
  /** Default: everything costs 1.5 Pi, except what `metadata.productId` does not name. */
  approve?: (payment: PiPayment, pioneer: Pioneer) => PiApproval | Promise<PiApproval>;
  /** Called before the delivery is written. */
  beforeDelivery?: (payment: PiPaidPayment, tx: PiTransaction) => unknown;
  /** Called after the delivery is written, before it commits. */
  afterDelivery?: (payment: PiPaidPayment, tx: PiTransaction) => unknown;
  /** Called before the cancellation is written. */
  cancelled?: (payment: PiPayment) => unknown;
}

export interface ShopOptions {
  pi: PiEmulator;
  database: TestDatabase;
  adapter?: AdapterType;
  behaviour?: ShopBehaviour;
  options?: Partial<PiModuleOptions>;
  controller?: boolean | { path: string };
}

export interface CallbackAnswer {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

/** A shop in as few lines as the library allows, over a real database, with the ready-made controller. */
export class PaymentShop {
  private constructor(
    readonly app: INestApplication,
    readonly url: string,
    private readonly path: string,
  ) {}

  static async start({ pi, database, adapter, behaviour = {}, options, controller = true }: ShopOptions) {
    const handlers: Provider = { provide: ShopPayments, useFactory: () => new ShopPayments(behaviour) };
    const { app, url } = await listen(adapter ?? ExpressAdapter, {
      imports: [
        PiModule.forRoot({
          apiKey: pi.apiKey,
          network: 'testnet',
          platformUrl: pi.platformUrl,
          horizonUrl: pi.horizonUrl,
          ledger: database.ledger,
          paymentsController: controller,
          ...options,
          payments: { sweepMs: 100, ...options?.payments },
        }),
      ],
      providers: [handlers],
    });
    const ledger = app.get(PiLedger);
    await ledger.transaction(async (tx) => {
      for (const table of SHOP_TABLES) await tx.query(table);
    });
    return new PaymentShop(app, url, typeof controller === 'object' ? controller.path : 'pi_payment');
  }

  get payments(): PaymentsService {
    return this.app.get(PaymentsService);
  }

  get ledger(): PiLedger {
    return this.app.get(PiLedger);
  }

  /** Posts what Pi's browser packages post. */
  async post(route: string, body: unknown, headers: Record<string, string> = {}): Promise<CallbackAnswer> {
    const answer = await fetch(`${this.url}/${this.path}/${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  }

  /** Identifiers of the payments that were delivered, one for every delivery. */
  deliveries(): Promise<string[]> {
    return this.column('select payment_id as value from shop_deliveries order by payment_id');
  }

  cancellations(): Promise<string[]> {
    return this.column('select payment_id as value from shop_cancellations order by payment_id');
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  private async column(text: string): Promise<string[]> {
    const rows = await this.ledger.transaction(async (tx) => (await tx.query<{ value: string }>(text)).rows);
    return rows.map(({ value }) => value);
  }
}

/** No unique constraint on purpose: a second delivery has to show. */
const SHOP_TABLES = [
  'create table if not exists shop_deliveries (payment_id text not null, uid text not null, amount text not null, txid text not null)',
  'create table if not exists shop_cancellations (payment_id text not null)',
];

@Injectable()
export class ShopPayments {
  constructor(private readonly behaviour: ShopBehaviour) {}

  @OnPiPayment('approve')
  approve(payment: PiPayment, pioneer: Pioneer): PiApproval | Promise<PiApproval> {
    if (this.behaviour.approve) return this.behaviour.approve(payment, pioneer);
    if (payment.metadata['productId'] === undefined) throw new PiPaymentRefusedError('no such product');
    return { amount: '1.5' };
  }

  @OnPiPayment('completed')
  async deliver(payment: PiPaidPayment, tx: PiTransaction): Promise<void> {
    await this.behaviour.beforeDelivery?.(payment, tx);
    await tx.query('insert into shop_deliveries (payment_id, uid, amount, txid) values ($1, $2, $3, $4)', [
      payment.id,
      payment.uid,
      payment.amount.toString(),
      payment.txid,
    ]);
    await this.behaviour.afterDelivery?.(payment, tx);
  }

  @OnPiPayment('cancelled')
  async cancelled(payment: PiPayment, tx: PiTransaction): Promise<void> {
    await this.behaviour.cancelled?.(payment);
    await tx.query('insert into shop_cancellations (payment_id) values ($1)', [payment.id]);
  }
}
