import { LRUCache } from 'lru-cache';
import { PiApiError } from '../errors/pi-api-error.js';
import type { PiError } from '../errors/pi-error.js';
import { PiPaymentMismatchError } from '../errors/pi-payment-mismatch-error.js';
import type { PaymentDto } from '../platform/payment.dto.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import type { PiNetwork } from '../pi.options.js';
import { Lanes } from './lanes.js';
import { ASK_PI } from './payment-calls.js';
import { checkKind } from './payment-checks.js';
import { SingleFlight } from './single-flight.js';

/** An identifier Pi does not know is not asked for again for so long. */
const UNKNOWN_FOR_MS = 60_000;
const UNKNOWN_KEPT = 10_000;
/** Look-ups of identifiers the journal does not know, at a time. */
const STRANGERS = 8;
/** The same, for one Pioneer whose token was verified: a lane of their own, so that strangers do not keep buyers out. */
const STRANGERS_OF_A_PIONEER = 2;

/**
 * `GET /payments/{id}`, one at a time for an identifier. Anybody can send identifiers: those the journal does not know are
 * limited (rule 7), those it knows never wait for them.
 */
export class PaymentLookups {
  readonly #flights = new SingleFlight<PaymentDto>();
  readonly #unknown = new LRUCache<string, PiError>({ max: UNKNOWN_KEPT, ttl: UNKNOWN_FOR_MS });
  readonly #lanes = new Lanes('Too many unknown payments are being looked up. Ask again in a second.');

  constructor(
    private readonly platform: PiPlatformClient,
    private readonly network: PiNetwork,
  ) {}

  /** Of a payment in the journal, or one the app itself asks for. */
  known(id: string): Promise<PaymentDto> {
    return this.#flights.run(id, () => this.platform.getPayment(id, ASK_PI));
  }

  /**
   * Of an identifier from outside.
   *
   * @param uid of the Pioneer whose verified token came along.
   * @throws PiApiError 404 Pi does not know it, or did not within the last 60 s.
   * @throws PiPaymentMismatchError it is a payout, or of another network.
   * @throws PiUnavailableError too many are being looked up.
   */
  async stranger(id: string, uid?: string): Promise<PaymentDto> {
    const refusal = this.#unknown.get(id);
    if (refusal) throw refusal;
    try {
      const dto = await this.#flights.run(id, () => this.#inLane(uid, () => this.platform.getPayment(id, ASK_PI)));
      checkKind(dto, this.network);
      return dto;
    } catch (error) {
      if (isNotOurs(error)) this.#unknown.set(id, error);
      throw error;
    }
  }

  #inLane<T>(uid: string | undefined, work: () => Promise<T>): Promise<T> {
    return this.#lanes.run(uid ?? '', uid === undefined ? STRANGERS : STRANGERS_OF_A_PIONEER, work);
  }
}

/** Unknown to Pi under our key, or no payment to this app: it will not become one. */
export function isNotOurs(error: unknown): error is PiError {
  if (error instanceof PiApiError) return error.platformStatus === 404;
  return error instanceof PiPaymentMismatchError && (error.field === 'direction' || error.field === 'network');
}
