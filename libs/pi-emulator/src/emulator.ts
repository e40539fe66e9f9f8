import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Chain } from './chain/chain.js';
import { type AppliedTransactionView, viewApplied } from './control/applied-view.js';
import {
  checkAd,
  checkAdChange,
  checkPayment,
  checkPioneer,
  checkSigning,
  checkToken,
  type CreatePaymentRequest,
} from './control/control-input.js';
import { Dice } from './dice.js';
import { EmulatorError } from './emulator-error.js';
import { type PiEmulatorOptions, resolveOptions, type ResolvedEmulatorOptions } from './emulator.options.js';
import type { EmulatedWallet } from './emulated-wallet.js';
import type { ActiveFault, Fault } from './faults/fault.js';
import { Faults } from './faults/faults.js';
import { Journal, type JournalEntry, type JournalFilter } from './journal/journal.js';
import { listen } from './listen.js';
import type { EmulatedNetwork } from './network.js';
import type { AdStatus } from './platform/ads.js';
import type { DeliveredNotification } from './platform/notifications.js';
import type { PaymentDto } from './platform/payment.js';
import type { EmulatedPioneer, PioneerOptions, PioneerRecord, TokenOptions } from './platform/pioneer.js';
import type { SignOptions } from './platform/pioneer-wallet.js';
import type { Platform } from './platform/platform.js';
import { buildServer } from './server.js';
import type { EmulatorState } from './state/emulator-state.js';
import type { ClosedLedgerView, EmulatedApp, EmulatorHealth } from './emulator.types.js';
import { World } from './world.js';

/**
 * A local Pi Network: Platform API, blockchain with Horizon, browser SDK, dashboard and faults on demand, on one port.
 * Every method is also a call of the control API under `/_emulator`, for other processes and languages.
 *
 * @example
 * const pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
 * const pioneer = await pi.createPioneer({ username: 'amara' });
 * await fetch(`${pi.platformUrl}/me`, { headers: { authorization: `Bearer ${pioneer.accessToken}` } });
 * await pi.stop();
 */
export class PiEmulator {
  /** Something goes wrong with the requests that match. @internal */
  readonly faults: Faults;
  private readonly world: World;
  private readonly requests = new Journal();
  private server: FastifyInstance | undefined;
  private origin = '';

  private constructor(private readonly options: ResolvedEmulatorOptions) {
    this.faults = new Faults(new Dice(options.seed));
    this.world = new World(options, () => this.origin);
  }

  /**
   * Starts the emulator; resolves when it answers.
   * @throws EmulatorOptionsError listing every wrong option; Error for a busy port or a state file of no use, with the fix
   */
  static async start(options: PiEmulatorOptions = {}): Promise<PiEmulator> {
    const emulator = new PiEmulator(resolveOptions(options));
    await emulator.open();
    return emulator;
  }

  /** Closes the port, every open connection and every timer. Requests under way are cut off. */
  async stop(): Promise<void> {
    this.world.stop();
    await this.server?.close();
    await this.world.saved();
  }

  /** `http://127.0.0.1:31415`, without a trailing slash. */
  get url(): string {
    return this.origin;
  }

  /** Base of the Platform API. */
  get platformUrl(): string {
    return `${this.origin}/v2`;
  }

  /** Base of Horizon: the root paths. */
  get horizonUrl(): string {
    return this.origin;
  }

  get apiKey(): string {
    return this.options.apiKey;
  }

  get appId(): string {
    return this.options.appId;
  }

  get network(): EmulatedNetwork {
    return this.options.network;
  }

  /** The first of `wallets`: payments to the app arrive there. */
  get wallet(): EmulatedWallet {
    return this.wallets[0] as EmulatedWallet;
  }

  /** Wallets of the app, funded in the first ledger. */
  get wallets(): readonly EmulatedWallet[] {
    return this.world.wallets;
  }

  /** The blockchain, with everything a test may do to it. */
  get chain(): Chain {
    return this.world.chain;
  }

  /** @internal */
  get platform(): Platform {
    return this.world.platform;
  }

  health(): EmulatorHealth {
    return { status: 'ok', network: this.network, ledger: this.chain.latest.sequence };
  }

  /** What a backend needs to be configured with; all of it emulated, none of it secret. */
  app(): EmulatedApp {
    const { apiKey, appId, network, platformUrl, horizonUrl, wallets } = this;
    return { apiKey, appId, network, passphrase: this.chain.passphrase, platformUrl, horizonUrl, wallets };
  }

  /** A Pioneer who has signed in to the app, with a token and a funded wallet. */
  async createPioneer(options: PioneerOptions = {}): Promise<EmulatedPioneer> {
    const { stroops, ...checked } = checkPioneer(options, 2n * this.chain.baseReserve);
    if (checked.username !== undefined && this.platform.pioneers.isTaken(checked.username))
      throw new EmulatorError('username_taken', `There is a Pioneer called ${checked.username} already.`, 409);
    return this.saved(this.world.addPioneer(checked, stroops));
  }

  pioneers(): PioneerRecord[] {
    return structuredClone(this.platform.pioneers.list());
  }

  /** A further access token, as `Pi.authenticate(scopes)` gives one; the scopes are granted with it. */
  async issueToken(uid: string, options: TokenOptions = {}): Promise<{ accessToken: string; validUntil: string }> {
    const pioneer = this.platform.pioneer(uid);
    const checked = checkToken(options);
    const { token, validUntil } = this.platform.pioneers.issueToken(uid, checked.scopes ?? pioneer.scopes, checked);
    return this.saved({ accessToken: token, validUntil: new Date(validUntil).toISOString() });
  }

  /** Ends all access tokens of a Pioneer: `/me` answers 401 to them from now on. */
  async endTokens(uid: string): Promise<{ ended: number }> {
    this.platform.pioneer(uid);
    return this.saved({ ended: this.platform.pioneers.endTokens(uid) });
  }

  /** The Pioneer takes all consent back: tokens end and the uid is unknown; signing in again would give a new one. */
  async revokeApp(uid: string): Promise<{ uid: string }> {
    this.platform.pioneer(uid);
    this.platform.pioneers.revoke(uid);
    return this.saved({ uid });
  }

  /** What `Pi.createPayment` does in the Pioneer's browser: a payment to the app that waits for approval. */
  async createPayment(uid: string, request: CreatePaymentRequest): Promise<PaymentDto> {
    const payment = this.platform.createUserPayment(uid, checkPayment(request));
    return this.saved(this.platform.payments.toDto(payment));
  }

  /** The Pioneer confirms in the wallet: the approved payment is paid on the chain. Repeating gives the same txid. */
  async signPayment(identifier: string, options: SignOptions = {}): Promise<{ txid: string }> {
    const { wait = this.options.ledgerMs !== 'manual', link = true } = checkSigning(options);
    const payment = this.platform.payment(identifier);
    return this.saved(await this.platform.pioneerWallet.sign(payment, { wait, link }));
  }

  /** The Pioneer closes the wallet without signing. */
  async userCancel(identifier: string): Promise<PaymentDto> {
    const payment = this.platform.payment(identifier);
    this.platform.pioneerWallet.cancel(payment);
    return this.saved(this.platform.payments.toDto(payment));
  }

  /** Payments of both directions, oldest first, as the Platform API shows them. */
  payments(uid?: string): PaymentDto[] {
    const { payments } = this.platform;
    return (uid === undefined ? payments.list() : payments.ofPioneer(uid)).map((payment) =>
      this.platform.payments.toDto(payment),
    );
  }

  payment(identifier: string): PaymentDto {
    return this.platform.payments.toDto(this.platform.payment(identifier));
  }

  /** A rewarded ad the Pioneer watched; `status: null` means not decided yet. Default: `granted`. */
  async createAd(ad: { uid: string; status?: AdStatus }): Promise<{ adId: string }> {
    const { uid, status } = checkAd(ad);
    const { adId } = this.platform.ads.create(this.platform.pioneer(uid).uid, status);
    return this.saved({ adId });
  }

  async updateAd(adId: string, change: { status: AdStatus }): Promise<{ adId: string; status: AdStatus }> {
    const { status } = checkAdChange(change);
    this.platform.ads.update(adId, status);
    return this.saved({ adId, status });
  }

  /** In-app notifications that were delivered, oldest first. */
  notifications(): DeliveredNotification[] {
    return structuredClone(this.platform.notifications.list());
  }

  /** From now on something goes wrong with the requests that match. */
  addFault(fault: Fault): ActiveFault {
    return this.faults.add(fault);
  }

  /** Ends all faults; says how many were in force. */
  clearFaults(): { cleared: number } {
    return { cleared: this.faults.clear() };
  }

  /** Closes one ledger now. */
  async closeLedger(): Promise<ClosedLedgerView> {
    const { sequence, hash, closedAt, transactions } = this.chain.close();
    const view = {
      sequence,
      hash,
      closedAt: new Date(closedAt * 1000).toISOString(),
      transactions: transactions.length,
    };
    return this.saved(view);
  }

  /** What really applied, oldest first, failed transactions too. */
  transactions(account?: string): AppliedTransactionView[] {
    const transactions = account === undefined ? this.chain.transactions() : this.chain.transactionsOf(account);
    return transactions.map((transaction) => viewApplied(transaction));
  }

  /** The requests it saw, oldest first. */
  journal(filter: JournalFilter = {}): JournalEntry[] {
    return this.requests.list(filter);
  }

  /** The whole emulated world as JSON. */
  state(): EmulatorState {
    return this.world.export();
  }

  /** Puts an exported world in place of this one. @throws EmulatorError when it is none; nothing is changed then */
  async restore(state: EmulatorState): Promise<void> {
    this.world.import(state);
    await this.world.save();
  }

  /** Back to the beginning: no Pioneers, no payments, a new chain, no faults, an empty journal. */
  async reset(): Promise<void> {
    this.faults.clear();
    this.requests.clear();
    await this.world.reset();
  }

  private async saved<T>(answer: T): Promise<T> {
    await this.world.save();
    return answer;
  }

  private async open(): Promise<void> {
    await this.world.open();
    this.server = await buildServer({ emulator: this, world: this.world, journal: this.requests });
    const { host, port } = this.options;
    await listen(this.server, host, port);
    const { port: bound } = this.server.server.address() as AddressInfo;
    this.origin = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
    this.chain.start();
  }
}
