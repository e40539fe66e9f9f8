import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PiAmount, type PiPayment, PiLedger, type PiTransaction } from 'nestjs-pi';
import type { OrderRow } from './order.js';

const SCHEMA = [
  'create schema if not exists shop',
  `create table if not exists shop.orders (
     payment_id text primary key,
     uid text not null,
     product_id text not null,
     amount numeric(20, 7) not null,
     status text not null check (status in ('delivered', 'cancelled')),
     refund_id text,
     created_at timestamptz not null default now()
   )`,
  'create index if not exists orders_by_uid on shop.orders (uid, created_at desc)',
];

// A payment buys one thing, so its id is the order's: that alone makes a second order for it impossible.
const COLUMNS = `payment_id as id, payment_id as "paymentId", uid, product_id as "productId", amount::text as amount,
  status, refund_id as "refundId"`;

/** The shop's own table. It lies in the ledger's database, so that an order commits together with its delivery. */
@Injectable()
export class OrdersRepository implements OnModuleInit {
  constructor(private readonly ledger: PiLedger) {}

  async onModuleInit(): Promise<void> {
    await this.ledger.transaction(async (tx) => {
      // Several instances may start at once, and `if not exists` alone does not keep them apart.
      await tx.query(`select pg_advisory_xact_lock(hashtext('corner-shop'))`);
      for (const statement of SCHEMA) await tx.query(statement);
    });
  }

  async add(payment: PiPayment, productId: string, status: OrderRow['status'], tx: PiTransaction): Promise<void> {
    await tx.query(
      `insert into shop.orders (payment_id, uid, product_id, amount, status) values ($1, $2, $3, $4, $5)
       on conflict (payment_id) do update set status = excluded.status`,
      [payment.id, payment.uid, productId, payment.amount.toFixed(), status],
    );
  }

  /** Newest first. */
  listOf(uid: string, limit = 100): Promise<OrderRow[]> {
    return this.select(`where uid = $1 order by created_at desc limit $2`, [uid, limit]);
  }

  /** Newest first. */
  list(limit = 100): Promise<OrderRow[]> {
    return this.select(`order by created_at desc limit $1`, [limit]);
  }

  /** The order, held until `tx` ends. */
  async lock(id: string, tx: PiTransaction): Promise<OrderRow | undefined> {
    const { rows } = await tx.query<OrderRow>(`select ${COLUMNS} from shop.orders where payment_id = $1 for update`, [
      id,
    ]);
    return rows[0] && exact(rows[0]);
  }

  async noteRefund(id: string, refundId: string, tx: PiTransaction): Promise<void> {
    await tx.query('update shop.orders set refund_id = $2 where payment_id = $1', [id, refundId]);
  }

  private select(rest: string, values: unknown[]): Promise<OrderRow[]> {
    return this.ledger.transaction(async ({ query }) => {
      const { rows } = await query<OrderRow>(`select ${COLUMNS} from shop.orders ${rest}`, values);
      return rows.map(exact);
    });
  }
}

/** `'1.5000000'` of the column is `'1.5'` everywhere else. */
const exact = (row: OrderRow): OrderRow => ({ ...row, amount: PiAmount.of(row.amount).toString() });
