import type { PiAmount } from '../chain/pi-amount.js';
import type { PiNetwork } from '../pi.options.js';

/** What the app stored with a payment at its creation. Of a U2A payment it is the browser's word. */
export type PiMetadata = Readonly<Record<string, unknown>>;

/** A payment as Pi states it: our view of the raw `PaymentDto`. */
export interface PiPayment {
  /** Pi's identifier; also the text memo on the chain. */
  readonly id: string;
  /** The Pioneer's app-specific id. */
  readonly uid: string;
  readonly amount: PiAmount;
  readonly memo: string;
  readonly metadata: PiMetadata;
  readonly network: PiNetwork;
  readonly createdAt: Date;
}

/** A payment whose money has moved. */
export interface PiPaidPayment extends PiPayment {
  /** Hash of the transaction on the chain: 64 hex digits. */
  readonly txid: string;
}
