import { Controller, Headers, HttpCode, Inject, Post, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import { bearerToken } from '../auth/bearer.js';
import { PiAuthService } from '../auth/pi-auth.service.js';
import type { Pioneer } from '../auth/pioneer.js';
import { PiPublic } from '../auth/route-policy.js';
import { PiError } from '../errors/pi-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { getPiToken } from '../pi.tokens.js';
import { Callback, type PaymentCallback } from './payment-callback.body.js';
import { forPioneers, forStrangers } from './payment-callback.error.js';
import { ASK_PI } from './payment-calls.js';
import type { PiPaymentState } from './payment-state.js';
import { PaymentsService } from './payments.service.js';
import type { PiPaymentRecord } from './pi-payment-record.js';

/** Every answer, whoever asks: the identifier that was sent, and how far the payment has come in our journal. */
export interface PiPaymentAnswer {
  readonly paymentId: string;
  readonly status: PiPaymentState;
}

const DEFAULT_PATH = 'pi_payment';
const PI_APP = Symbol('nestjs-pi:app');

/**
 * The five routes that Pi's own browser packages (`pi-sdk-js`, `pi-sdk-react`) post to. They read no cookie, and all but
 * `approve` carry no token: an identifier and a txid are hints where to look, and nothing else of a body is used.
 *
 * Mounted by `paymentsController: true` or `{ path }`; the app says what approving and delivering mean with
 * `@OnPiPayment`.
 */
export class PiPaymentsController {
  constructor(
    private readonly payments: PaymentsService,
    private readonly auth: PiAuthService,
  ) {}

  /** The one that needs the owner's token, from the body or the header. */
  @Post('approve')
  @HttpCode(200)
  async approve(
    @Callback() { paymentId, accessToken }: PaymentCallback,
    @Headers('authorization') authorization?: string,
  ): Promise<PiPaymentAnswer> {
    const token = accessToken ?? bearerToken(authorization);
    if (token === undefined) throw new PiTokenRefusedError('missing');
    const pioneer = await this.verified(token);
    return telling(forPioneers, () => this.payments.approve(paymentId, pioneer));
  }

  /** 2xx once Pi has completed it; `completed` while the delivery is still to come (rule 4). */
  @Post('complete')
  @HttpCode(200)
  complete(@Callback({ txid: true }) { paymentId, txid }: PaymentCallback): Promise<PiPaymentAnswer> {
    return anonymously(() => this.payments.complete(paymentId, txid as string));
  }

  /** Never cancels at Pi: the SDK sends it after the wallet cancelled, and anybody can send it (rule 5). */
  @Post('cancel')
  @HttpCode(200)
  cancel(@Callback() { paymentId }: PaymentCallback): Promise<PiPaymentAnswer> {
    return anonymously(() => this.payments.synchronise(paymentId));
  }

  @Post('error')
  @HttpCode(200)
  error(@Callback() { paymentId, error }: PaymentCallback): Promise<PiPaymentAnswer> {
    return anonymously(() => this.payments.noteClientError(paymentId, error));
  }

  /** Completed if it was paid; else marked, and looked into when it is old enough (rule 6). */
  @Post('incomplete')
  @HttpCode(200)
  incomplete(@Callback() { paymentId, txid }: PaymentCallback): Promise<PiPaymentAnswer> {
    return anonymously(() => this.payments.recoverIncomplete(paymentId, txid));
  }

  private async verified(token: string): Promise<Pioneer> {
    const signal = AbortSignal.timeout(ASK_PI.timeoutMs);
    try {
      return await this.auth.verify(token, { signal });
    } catch (error) {
      if (!signal.aborted || error instanceof PiError) throw error;
      throw new PiUnavailableError({ reason: 'timeout', message: 'Pi did not say in time whose token this is.' });
    }
  }
}

/**
 * The controller of one Pi app at one path: a class of its own, which carries path and tokens, so that two apps can mount
 * two.
 */
export function paymentsController(app: string | undefined, path = DEFAULT_PATH): Type<PiPaymentsController> {
  class MountedPaymentsController extends PiPaymentsController {
    static readonly [PI_APP] = app ?? '';
  }
  Object.defineProperty(MountedPaymentsController, 'name', { value: PiPaymentsController.name });
  // Pi's packages know of no versions: neither a path nor a header.
  Controller({ path, version: VERSION_NEUTRAL })(MountedPaymentsController);
  // Where the guard is an APP_GUARD: these routes check by themselves what has to be checked.
  PiPublic()(MountedPaymentsController);
  Inject(getPiToken(PaymentsService, app))(MountedPaymentsController, undefined, 0);
  Inject(getPiToken(PiAuthService, app))(MountedPaymentsController, undefined, 1);
  return MountedPaymentsController;
}

/** Name of the Pi app a class is the payments controller of; undefined: it is none. */
export function piAppOf(controller: unknown): string | undefined {
  return typeof controller === 'function' ? (controller as { [PI_APP]?: string })[PI_APP] : undefined;
}

function anonymously(work: () => Promise<PiPaymentRecord>): Promise<PiPaymentAnswer> {
  return telling(forStrangers, work);
}

async function telling(
  whom: (error: unknown) => unknown,
  work: () => Promise<PiPaymentRecord>,
): Promise<PiPaymentAnswer> {
  try {
    return answer(await work());
  } catch (error) {
    throw whom(error);
  }
}

function answer({ id, state }: PiPaymentRecord): PiPaymentAnswer {
  return { paymentId: id, status: state };
}
