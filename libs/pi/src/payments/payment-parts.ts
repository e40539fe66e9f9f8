import type { PiLedger } from '../ledger/pi-ledger.js';
import type { PiHorizonClient } from '../chain/horizon-client.js';
import type { PiNetwork } from '../pi.options.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import { PaymentDelivery } from './payment-delivery.js';
import type { PaymentHandlerRegistry } from './payment-handler.registry.js';
import { PaymentJournal } from './payment-journal.js';
import { PaymentLookups } from './payment-lookups.js';
import { PaymentTransactions } from './payment-transactions.js';

/** How long things may take, in milliseconds. */
export interface PaymentTimes {
  /** Between two looks of the reconciler for what is due. */
  readonly sweepMs: number;
  /** Age from which an incomplete payment without a transaction may be cancelled. */
  readonly abandonAfterMs: number;
  /** How long a handler may take. */
  readonly handlerMs: number;
}

export interface PaymentPartsInit {
  readonly app: string;
  readonly network: PiNetwork;
  /** Of `network`. */
  readonly passphrase: string;
  readonly platform: PiPlatformClient;
  readonly horizon: PiHorizonClient;
  readonly ledger: PiLedger<unknown>;
  readonly handlers: PaymentHandlerRegistry;
  readonly times: PaymentTimes;
}

/** What the steps of the journaled flow share. */
export class PaymentParts {
  readonly app: string;
  readonly ledger: PiLedger<unknown>;
  readonly network: PiNetwork;
  readonly platform: PiPlatformClient;
  readonly handlers: PaymentHandlerRegistry;
  readonly times: PaymentTimes;
  readonly journal: PaymentJournal;
  readonly lookups: PaymentLookups;
  readonly transactions: PaymentTransactions;
  readonly delivery: PaymentDelivery;

  constructor({ app, network, passphrase, platform, horizon, ledger, handlers, times }: PaymentPartsInit) {
    this.app = app;
    this.ledger = ledger;
    this.network = network;
    this.platform = platform;
    this.handlers = handlers;
    this.times = times;
    this.journal = new PaymentJournal(ledger, app);
    this.lookups = new PaymentLookups(platform, network);
    this.transactions = new PaymentTransactions(horizon, passphrase);
    this.delivery = new PaymentDelivery(ledger, this.journal, handlers, {
      handlerMs: times.handlerMs,
      unsignedMs: this.unsignedMs,
    });
  }

  /** A payment between two states is looked at again after this: longer than a callback takes, though two at it do no harm. */
  get unsettledMs(): number {
    return this.times.sweepMs * 5;
  }

  /** An approved payment is looked at again after this: the Pioneer may have signed and closed the browser. */
  get unsignedMs(): number {
    return this.times.sweepMs * 60;
  }
}
