import { EmulatorError } from '../emulator-error.js';
import type { CreatePaymentRequest } from '../control/control-input.js';
import type { PiEmulator } from '../emulator.js';
import { refuseUnknown } from '../known-fields.js';
import type { PaymentDto, PaymentRecord } from '../platform/payment.js';
import type { SdkPioneer, SdkSession } from './browser/types.js';

/** Who signs in: a Pioneer there is, or a username, whose Pioneer is made when there is none. */
export interface SignIn {
  uid?: string;
  username?: string;
  scopes?: string[];
}

/** A Pioneer cannot begin a payment while an earlier one waits for the app. */
export class OpenPaymentError extends EmulatorError {
  constructor(readonly payment: PaymentDto) {
    super(
      'incomplete_payment_found',
      'You already have a pending payment on this app, which needs an action from the developer.',
      409,
    );
  }

  override toBody(): Record<string, unknown> {
    return { ...super.toBody(), payment: this.payment };
  }
}

/** What the Pi Browser does for the page it shows: sign-in, and payments in the Pioneer's name. */
export class BrowserSessions {
  constructor(private readonly emulator: PiEmulator) {}

  pioneers(): SdkPioneer[] {
    return this.emulator.platform.pioneers.list().map(({ uid, username }) => ({ uid, username }));
  }

  async signIn(given: SignIn): Promise<SdkSession> {
    refuseUnknown<SignIn>('A sign-in', given, { uid: true, username: true, scopes: true });
    const { uid, username, scopes = [] } = given;
    if (!Array.isArray(scopes)) throw new EmulatorError('bad_request', 'scopes has to be an array.');
    const { pioneers, payments } = this.emulator.platform;
    const known = pioneers
      .list()
      .find((pioneer) => (uid === undefined ? pioneer.username === username : pioneer.uid === uid));
    if (!known && uid !== undefined) throw new EmulatorError('unknown_pioneer', `No Pioneer has the uid ${uid}.`, 404);
    const { accessToken, ...pioneer } = known
      ? { uid: known.uid, username: known.username, accessToken: pioneers.issueToken(known.uid, scopes).token }
      : await this.emulator.createPioneer({ ...(username !== undefined && { username }), scopes });
    const incomplete = this.openPayments(pioneer.uid).find(({ txid }) => txid !== undefined);
    return {
      accessToken,
      user: { uid: pioneer.uid, ...(scopes.includes('username') && { username: pioneer.username }) },
      scopes,
      incompletePayment: incomplete ? { ...payments.toDto(incomplete) } : null,
    };
  }

  /** @throws EmulatorError 401 */
  uidOf(token: string): string {
    const session = this.emulator.platform.pioneers.authenticate(token);
    if (!session)
      throw new EmulatorError('unauthorized', 'The access token is unknown or expired: sign in again.', 401);
    return session.uid;
  }

  /** @throws EmulatorError 404: unknown, or somebody else's */
  ownPayment(uid: string, id: string): PaymentDto {
    const { payments } = this.emulator.platform;
    const payment = payments.find(id);
    if (payment?.uid === uid) return payments.toDto(payment);
    throw new EmulatorError('unknown_payment', `You have no payment ${id}.`, 404);
  }

  /**
   * Begins a payment. As Pi does, an open one that was not signed is cancelled for it, and one that was signed stands in
   * its way until the app completed it.
   * @throws OpenPaymentError
   */
  async createPayment(uid: string, request: CreatePaymentRequest): Promise<PaymentDto> {
    const { payments } = this.emulator.platform;
    const open = this.openPayments(uid);
    const signed = open.find((payment) => payment.txid !== undefined || payment.pending);
    if (signed) throw new OpenPaymentError(payments.toDto(signed));
    for (const payment of open) await this.emulator.userCancel(payment.identifier);
    // Pages give Pi.createPayment more than it takes, and Pi does not mind.
    const { amount, memo, metadata } = request;
    return this.emulator.createPayment(uid, { amount, memo, metadata });
  }

  private openPayments(uid: string): PaymentRecord[] {
    return this.emulator.platform.payments.open('user_to_app', uid);
  }
}
