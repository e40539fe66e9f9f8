import type { A2UService } from '../a2u/a2u.service.js';
import { LedgerA2UService } from '../a2u/ledger-a2u.service.js';
import type { LaneReport } from '../a2u/lane-report.js';
import { openWallets } from '../a2u/wallets.js';
import type { PiAmount } from '../chain/pi-amount.js';
import type { PiHorizonClient } from '../chain/horizon-client.js';
import { PiChainError } from '../errors/pi-chain-error.js';
import { PiError } from '../errors/pi-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import type { PiLedger } from '../ledger/pi-ledger.js';
import { reportPayments } from '../payments/payment-report.js';
import type { PiResolvedOptions } from '../pi.options.js';
import type { PiPlatformClient } from '../platform/platform.client.js';

export type PiHealthStatus = 'up' | 'degraded' | 'down';

export interface PiPartHealth {
  readonly status: PiHealthStatus;
  /** What is wrong; never a key, a seed or an address of a database. */
  readonly message?: string;
  readonly [detail: string]: unknown;
}

export interface PiHealthReport {
  readonly status: PiHealthStatus;
  readonly platform: PiPartHealth;
  readonly horizon: PiPartHealth;
  /** Only with a ledger. */
  readonly ledger?: PiPartHealth;
  /** Payments of Pioneers. Only with a ledger that answers. */
  readonly payments?: PiPartHealth;
  /** Only with wallets and a ledger; by the name of the wallet. */
  readonly wallets?: Readonly<Record<string, PiPartHealth>>;
}

export interface Examined {
  readonly options: PiResolvedOptions;
  readonly platform: PiPlatformClient;
  readonly horizon: PiHorizonClient;
  readonly ledger: PiLedger | undefined;
  readonly payouts: A2UService;
  readonly timeoutMs: number;
  readonly maxLagMs: number;
}

/** One look at every part of one Pi app, all at once, within the one time limit. It changes nothing anywhere. */
export class PiExamination {
  private readonly until: number;

  constructor(private readonly of: Examined) {
    this.until = performance.now() + of.timeoutMs;
  }

  async run(): Promise<PiHealthReport> {
    const [platform, horizon, ledger, ...read] = await Promise.all([
      this.platform(),
      this.horizon(),
      this.of.ledger && this.ledger(this.of.ledger),
      this.of.ledger && this.payments(this.of.ledger),
      this.of.payouts instanceof LedgerA2UService ? this.wallets(this.of.payouts) : undefined,
    ]);
    // A ledger that is down says so once; one that answers hides nothing that it holds.
    const [payments, wallets] = ledger?.status === 'up' ? read : [];
    return {
      status: worst([platform, horizon, ledger, payments, ...Object.values(wallets ?? {})]),
      platform,
      horizon,
      ...(ledger && { ledger }),
      ...(payments && { payments }),
      ...(wallets && { wallets }),
    };
  }

  /** The call that shows both that Pi answers and that our key is good. */
  private async platform(): Promise<PiPartHealth> {
    let unreadable = 0;
    const onUnreadable = () => void (unreadable += 1);
    try {
      await this.of.platform.incompleteServerPayments({ timeoutMs: this.of.timeoutMs, retries: 0, onUnreadable });
      if (unreadable === 0) return { status: 'up' };
      return { status: 'degraded', message: `${unreadable} unfinished payments at Pi cannot be read` };
    } catch (error) {
      // A 429 is an answer: Pi is there, and asks for fewer calls.
      const isLimited = error instanceof PiUnavailableError && error.reason === 'rate_limited';
      return { status: isLimited ? 'degraded' : 'down', ...told(error, 'The Platform API cannot be asked.') };
    }
  }

  private async horizon(): Promise<PiPartHealth> {
    const { horizon, options, timeoutMs } = this.of;
    try {
      const { passphrase } = await horizon.network({ timeoutMs, retries: 0 });
      if (passphrase === options.passphrase) return { status: 'up' };
      return {
        status: 'down',
        message: `Horizon serves "${passphrase}", and the app is registered on ${options.network}.`,
      };
    } catch (error) {
      const status = error instanceof PiChainError && !error.retryable ? 'down' : 'degraded';
      return { status, ...told(error, 'Horizon cannot be asked.') };
    }
  }

  private async ledger(ledger: PiLedger): Promise<PiPartHealth> {
    try {
      await this.inTime(ledger.ping());
      return { status: 'up' };
    } catch (error) {
      return { status: 'down', ...told(error, 'The ledger does not answer.') };
    }
  }

  private async payments(ledger: PiLedger): Promise<PiPartHealth> {
    try {
      const { open, needsReview } = await this.inTime(reportPayments(ledger, this.of.options.app));
      return {
        status: needsReview > 0 ? 'degraded' : 'up',
        open,
        needsReview,
        ...(needsReview > 0 && { message: `${needsReview} payments wait for a person` }),
      };
    } catch {
      return { status: 'degraded', message: 'the payments cannot be counted' };
    }
  }

  private async wallets(payouts: LedgerA2UService): Promise<Record<string, PiPartHealth>> {
    try {
      const lanes = await this.inTime(payouts.report());
      return Object.fromEntries(
        await Promise.all(lanes.map(async (lane) => [lane.wallet, await this.wallet(lane)] as const)),
      );
    } catch {
      const wallets = await openWallets(this.of.options.wallets);
      const unread = { status: 'degraded', message: 'the payouts cannot be counted' } as const;
      return Object.fromEntries(wallets.map(({ name }) => [name, unread]));
    }
  }

  private async wallet(lane: LaneReport): Promise<PiPartHealth> {
    const facts = { open: lane.open, lagSeconds: Math.round(lane.lagMs / 1_000), needsReview: lane.needsReview };
    const complaints: string[] = [];
    const balance = await this.balanceOf(lane, complaints);
    if (!lane.held) complaints.push('no instance works this lane');
    if (lane.needsReview > 0) complaints.push(`${lane.needsReview} payouts wait for a person`);
    if (lane.lagMs > this.of.maxLagMs)
      complaints.push(`the oldest open payout has waited for ${Math.floor(lane.lagMs / 60_000)} minutes`);
    if (balance && lane.lowBalance && balance.compare(lane.lowBalance) < 0) complaints.push('the balance is low');
    if (balance && balance.compare(lane.due) < 0) complaints.push('the balance does not cover the open payouts');
    return {
      status: complaints.length > 0 ? 'degraded' : 'up',
      ...facts,
      ...(balance && { balance: balance.toString() }),
      ...(complaints.length > 0 && { message: complaints.join('; ') }),
    };
  }

  private async balanceOf({ address }: LaneReport, complaints: string[]): Promise<PiAmount | undefined> {
    try {
      const account = await this.inTime(this.of.horizon.account(address, { timeoutMs: this.left, retries: 0 }));
      if (!account) complaints.push('the wallet does not exist on this chain');
      return account?.balance;
    } catch {
      complaints.push('the balance cannot be asked for');
      return undefined;
    }
  }

  /** Milliseconds for whatever is still to be asked. */
  private get left(): number {
    return Math.max(1, this.until - performance.now());
  }

  private inTime<T>(work: Promise<T>): Promise<T> {
    return within(this.left, work);
  }
}

function worst(parts: readonly (PiPartHealth | undefined)[]): PiHealthStatus {
  if (parts.some((part) => part?.status === 'down')) return 'down';
  return parts.some((part) => part?.status === 'degraded') ? 'degraded' : 'up';
}

/** A health page is often public: an error of ours is fit to be shown, any other may name hosts. */
function told(error: unknown, otherwise: string): { message: string; code?: string } {
  return error instanceof PiError ? { message: error.message, code: error.code } : { message: otherwise };
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
