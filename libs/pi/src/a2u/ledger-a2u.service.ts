import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Observable, Subject } from 'rxjs';
import type { PiHorizonClient } from '../chain/horizon-client.js';
import type { LedgerSession } from '../ledger/ledger-session.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import type { PiTransaction } from '../ledger/pi-transaction.js';
import type { PiResolvedOptions } from '../pi.options.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import { A2UService } from './a2u.service.js';
import { BalanceWatch } from './balance-watch.js';
import { Lane } from './lane.js';
import { LANE_SETTINGS, type LaneParts, type LaneSettings } from './lane-parts.js';
import { type LaneReport, reportLane } from './lane-report.js';
import type { Payout, PayoutFilter, PayoutPage, PayoutRequest, PayoutResolution, PayoutState } from './payout.js';
import { notSettledHere, PiPayoutNotFoundError } from './payout-errors.js';
import { type PayoutRecord, toPayout } from './payout-record.js';
import { recoverWallet } from './payout-recovery.js';
import { checkRequest } from './payout-request.js';
import { resolvePayout } from './payout-resolution.js';
import {
  announce,
  findById,
  findByKey,
  instanceOf,
  listPayouts,
  noteEvent,
  payoutsTopic,
  readNews,
  storePayout,
} from './payout-store.js';
import { ALL_RULES, type RuleSwitches } from './rule-switches.js';
import { openWallets, walletNamed } from './wallets.js';
import { walletLeftOut, walletsLeftOut } from './wallets-left-out.js';

const SETTLED: ReadonlySet<PayoutState> = new Set(['completed', 'cancelled', 'failed', 'needs_review']);
/** Whoever waits looks for itself so often, should a notification be lost. In milliseconds. */
const LOOK_MS = 2_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface A2UParts {
  readonly options: PiResolvedOptions;
  readonly ledger: PiLedger<unknown>;
  readonly horizon: PiHorizonClient;
  readonly platform: PiPlatformClient;
  readonly onMoved?: LaneParts['onMoved'];
  /** For tests: not reachable through any option. */
  readonly inside?: {
    readonly settings?: Partial<LaneSettings>;
    readonly rules?: RuleSwitches;
    readonly onStep?: LaneParts['onStep'];
    readonly canLoseCommits?: boolean;
  };
}

/** `A2UService` over the ledger, with the lanes of this instance. */
export class LedgerA2UService extends A2UService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(A2UService.name);
  readonly #news = new Subject<string>();
  readonly #app: string;
  #lanes: Lane[] = [];
  #watch: BalanceWatch | undefined;
  #opening: Promise<LaneParts[]> | undefined;
  #stopListening: (() => void) | undefined;
  #closed = false;
  /** The lanes have stopped: nothing moves here any more. */
  #stopped = false;

  constructor(private readonly parts: A2UParts) {
    super();
    this.#app = parts.options.app;
  }

  readonly changes = new Observable<Payout>((subscriber) => {
    const news = this.#news.subscribe((id) => {
      this.get(id).then(
        (payout) => payout && subscriber.next(payout),
        (error: unknown) => this.#logger.debug(`A change could not be read: ${String(error)}`),
      );
    });
    return () => news.unsubscribe();
  });

  // ── asking for payouts ──

  async pay(request: PayoutRequest, options: { tx?: PiTransaction<unknown> } = {}): Promise<Payout> {
    const checked = checkRequest(request);
    const lanes = await this.#open();
    const { address } = walletNamed(
      lanes.map(({ wallet }) => wallet),
      checked.wallet,
    );
    // A caller may name the wallet either way, and the next time the other.
    const named = { ...checked, ...(checked.wallet !== undefined && { wallet: address }) };
    const stored = await this.parts.ledger.write(
      (session) => storePayout(session, this.#app, address, named, this.parts.onMoved),
      options.tx,
    );
    return toPayout(stored);
  }

  async get(id: string): Promise<Payout | undefined> {
    const record = await this.#record(id);
    return record && toPayout(record);
  }

  async find(idempotencyKey: string): Promise<Payout | undefined> {
    const record = await this.parts.ledger.read((session) => findByKey(session, this.#app, idempotencyKey));
    return record && toPayout(record);
  }

  async list(filter: PayoutFilter = {}): Promise<PayoutPage> {
    const { items, next } = await this.parts.ledger.read((session) => listPayouts(session, this.#app, filter));
    return { items: items.map(toPayout), ...(next !== undefined && { next }) };
  }

  async cancel(id: string): Promise<Payout> {
    const record = await this.#existing(id);
    if (!SETTLED.has(record.state) && record.cancelWanted === undefined) {
      await this.parts.ledger.write(async (session) => {
        const asked = await session.db
          .updateTable('payouts')
          .set({
            cancel_wanted: 'cancelled by the app',
            next_at: session.sql<Date>`now()`,
            updated_at: session.sql<Date>`clock_timestamp()`,
          })
          .where('id', '=', record.id)
          .where('state', 'not in', [...SETTLED])
          .where('cancel_wanted', 'is', null)
          .returning('id')
          .executeTakeFirst();
        // It has settled in this moment, or somebody else has asked.
        if (!asked) return;
        await noteEvent(session, record.id, { kind: 'cancel asked' });
        await announce(session, this.#app, { what: 'asked', wallet: record.wallet, id: record.id });
      });
    }
    return toPayout(await this.#existing(id));
  }

  whenSettled(id: string, options: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<Payout> {
    const settled = this.#whenSettled(id, options);
    // Whoever does not wait for the answer must not have the process ended by it.
    settled.catch(() => undefined);
    return settled;
  }

  async #whenSettled(id: string, { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number }) {
    const signals = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
    const ended = AbortSignal.any(signals.filter((given) => given !== undefined));
    for (;;) {
      ended.throwIfAborted();
      const changed = this.#changeOf(id, ended);
      const record = await this.#existing(id);
      if (SETTLED.has(record.state)) return toPayout(record);
      if (this.#stopped) throw notSettledHere(id);
      await changed;
    }
  }

  async resolve(id: string, resolution: PayoutResolution): Promise<Payout> {
    const record = await this.#existing(id);
    const lanes = await this.#open();
    const lane = lanes.find(({ wallet }) => wallet.address === record.wallet);
    if (!lane) throw walletLeftOut(record, resolution.action);
    return toPayout(await resolvePayout(lane, record, resolution));
  }

  async recover(): Promise<void> {
    for (const lane of await this.#open()) {
      const found = await recoverWallet(lane);
      this.#logger.log(`Looked for payments of ${lane.wallet.name} this ledger does not know: ${found} found`);
    }
    for (const lane of this.#lanes) lane.wake();
  }

  /** @internal How the lanes are doing, whichever instance holds them. */
  async report(): Promise<LaneReport[]> {
    return Promise.all((await this.#open()).map(reportLane));
  }

  // ── the lanes of this instance ──

  async onApplicationBootstrap(): Promise<void> {
    const parts = await this.#open();
    if (this.#closed) return;
    const stop = await this.parts.ledger.listen(payoutsTopic(this.#app), (payload) => this.#heard(payload));
    this.#stopListening = stop;
    this.#lanes = parts.map((lane) => new Lane(lane));
    for (const lane of this.#lanes) lane.start();
    await this.#warnOfWalletsLeftOut(parts);
    this.#watch = new BalanceWatch(parts);
    this.#watch.start();
  }

  /** Before the ledger closes. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#closed = true;
    this.#watch?.stop();
    this.#stopListening?.();
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
    this.#stopped = true;
    this.#news.complete();
  }

  #open(): Promise<LaneParts[]> {
    return (this.#opening ??= this.#openLanes().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    }));
  }

  async #openLanes(): Promise<LaneParts[]> {
    const { options, ledger, horizon, platform, onMoved, inside } = this.parts;
    const [wallets, store] = await Promise.all([openWallets(options.wallets), ledger.open()]);
    const instance = await ledger.read((session: LedgerSession) => instanceOf(session, this.#app));
    const byAddress = new Map(wallets.map((wallet) => [wallet.address, wallet]));
    const canLoseCommits = inside?.canLoseCommits ?? store.canLoseCommits;
    const { commitsMissingBefore } = store;
    return wallets.map((wallet) => ({
      app: this.#app,
      wallet,
      wallets: byAddress,
      ledger,
      horizon,
      platform,
      passphrase: options.passphrase,
      instance,
      canLoseCommits,
      ...(canLoseCommits && commitsMissingBefore && { commitsMissingBefore }),
      settings: { ...LANE_SETTINGS, ...inside?.settings },
      rules: inside?.rules ?? ALL_RULES,
      logger: this.#logger,
      ...(onMoved && { onMoved }),
      ...(inside?.onStep && { onStep: inside.onStep }),
    }));
  }

  /** Somebody changed the options: what was asked of a wallet that is gone would wait without a word. */
  async #warnOfWalletsLeftOut(lanes: readonly LaneParts[]): Promise<void> {
    const addresses = lanes.map(({ wallet }) => wallet.address);
    for (const { wallet, open } of await this.parts.ledger.read((it) => walletsLeftOut(it, this.#app, addresses)))
      this.#logger.error(
        `${open} payouts wait for the wallet ${wallet}, which is not among the option \`wallets\`: add it until they are settled, or nobody pays, completes or cancels them.`,
      );
  }

  #heard(payload: string | undefined): void {
    const news = payload === undefined ? undefined : readNews(payload);
    if (news) this.#news.next(news.id);
    // A payout that moved is the business of the lane that moved it.
    if (news?.what !== 'moved') for (const lane of this.#lanes) lane.wake();
  }

  async #changeOf(id: string, ended: AbortSignal): Promise<void> {
    let forget = () => {};
    await new Promise<void>((resolve) => {
      const done = () => resolve();
      const timer = setTimeout(done, LOOK_MS);
      // Where the news has ended, it says so at once.
      const news = this.#news.subscribe({ next: (changed) => changed === id && done(), complete: done });
      ended.addEventListener('abort', done);
      forget = () => {
        news.unsubscribe();
        clearTimeout(timer);
        ended.removeEventListener('abort', done);
      };
    });
    forget();
  }

  async #record(id: string): Promise<PayoutRecord | undefined> {
    if (!UUID.test(id)) return undefined;
    return this.parts.ledger.read((session) => findById(session, this.#app, id));
  }

  async #existing(id: string): Promise<PayoutRecord> {
    const record = await this.#record(id);
    if (!record) throw new PiPayoutNotFoundError(id);
    return record;
  }
}
