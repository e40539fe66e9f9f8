import type { Payout, PayoutRequest } from 'nestjs-pi';
import type { LaneParts, LaneSettings } from '../../libs/pi/src/a2u/lane-parts.js';
import { ALL_RULES, type RuleSwitches } from '../../libs/pi/src/a2u/rule-switches.js';
import type { SubmitRule } from '../../libs/pi-emulator/src/chain/adversary/adversary.js';
import { createPostgres, run } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { type Instance, PayoutWorld } from './payout-world.js';

/** For what is certain to happen, however busy the machine. */
const PATIENCE_MS = 60_000;
const LOST: SubmitRule = { apply: 'never', answer: 'lost', times: Number.MAX_SAFE_INTEGER };
const SETTLED: ReadonlySet<Payout['state']> = new Set(['completed', 'cancelled', 'failed', 'needs_review']);

/** A step somebody stands still at until told to go on. */
export interface Pause {
  readonly reached: Promise<void>;
  resume(): void;
}

/**
 * One history on a chain whose ledgers close by hand: a wallet, a Pioneer, a payout of 1.5 Pi, and whatever goes wrong. The
 * rules that are taken out are those of every instance started on it.
 */
export class Stage {
  readonly rules: RuleSwitches;
  /** Something is expected to go wrong. */
  readonly #doomed: boolean;
  #payout: Payout | undefined;
  #uid: string | undefined;

  private constructor(
    readonly world: PayoutWorld,
    off: readonly (keyof RuleSwitches)[],
  ) {
    this.#doomed = off.length > 0;
    this.rules = { ...ALL_RULES, ...Object.fromEntries(off.map((rule) => [rule, false])) };
  }

  static async build(
    off: readonly (keyof RuleSwitches)[],
    options: { a2uLimit?: 'app' | 'user'; wallets?: number } = {},
  ): Promise<Stage> {
    return new Stage(await PayoutWorld.start(createPostgres, { ledgerMs: 'manual', ...options }), off);
  }

  get chain() {
    return this.world.pi.chain;
  }
  get adversary() {
    return this.chain.adversary;
  }
  get wallet() {
    return this.world.pi.wallet;
  }
  /** Of the wallet's listing and account. */
  get path() {
    return `/accounts/${this.wallet.address}`;
  }
  get id(): string {
    return this.#payout!.id;
  }

  instance(onStep?: LaneParts['onStep'], settings: Partial<LaneSettings> = {}): Promise<Instance> {
    return this.world.instance({
      inside: { rules: this.rules, settings: { backoffMs: 120, ...settings }, ...(onStep && { onStep }) },
    });
  }

  /** An instance that stands still at a step, the `counts`th times it comes there. */
  async pausedInstance(step: string, ...counts: number[]): Promise<{ app: Instance; pause: Pause; next: Pause }> {
    const stands = [counts[0] ?? 1, counts[1]].map((count) => ({ count, ...standing() }));
    let seen = 0;
    const stand = async (at: string) => {
      const here = at === step && stands.find(({ count }) => count === seen + 1);
      if (at === step) seen++;
      if (!here) return;
      here.reach();
      await here.going;
    };
    // It is not to notice by itself that its lease was taken from it, however long that takes: neither by renewing it, nor by what
    // its other loops find.
    const app = await this.instance(stand, { leaseMs: 1_800_000, idleMs: 60_000 });
    return { app, pause: stands[0]!, next: stands[1]! };
  }

  /** @param other what is asked for otherwise than in the story */
  async pay(app: Instance, key = 'order-1', other: Partial<PayoutRequest> = {}): Promise<Payout> {
    const { address: wallet } = this.wallet;
    const asked = { idempotencyKey: key, uid: await this.uid(), amount: '1.5', memo: 'History', wallet, ...other };
    const payout = await app.payouts.pay(asked);
    this.#payout ??= payout;
    return payout;
  }

  async uid(): Promise<string> {
    return (this.#uid ??= await this.world.pioneer());
  }

  async look(app: Instance): Promise<Payout> {
    return (await app.payouts.get(this.id))!;
  }

  async attempts(app: Instance, count: number): Promise<Payout> {
    await eventually(async () => (await this.look(app)).attempts.length >= count, { withinMs: PATIENCE_MS });
    return this.look(app);
  }

  /** Waits until so many envelopes have been posted. */
  async posted(count: number): Promise<void> {
    await eventually(() => this.#posts() >= count, { withinMs: PATIENCE_MS });
  }

  /** Whatever is posted from now on is lost on its way: nothing happens before its time, however late it is noticed. */
  nothingArrives(): void {
    this.adversary.onSubmit(LOST);
  }

  /**
   * What becomes of attempt `n`, which until now did not arrive: it does so now, once, and nobody hears of it. Whatever is posted
   * later of other attempts arrives as usual.
   */
  async arrives(app: Instance, n: number, rule: SubmitRule = {}): Promise<void> {
    const { hash } = (await this.attempts(app, n)).attempts[n - 1]!;
    this.adversary.calm();
    this.adversary.onSubmit({ answer: 'lost', ...rule, hash });
    this.adversary.onSubmit({ ...LOST, hash });
    // One may be on its way in this moment; posts follow each other, so before the second one the first has been answered.
    await this.posted(this.#posts() + 2);
  }

  #posts(): number {
    return this.world.pi.journal({ method: 'POST', path: '/transactions' }).length;
  }

  close(ledgers = 1): void {
    for (let i = 0; i < ledgers; i++) this.chain.close();
  }

  /** The lease falls to whoever asks next, though its holder is alive. */
  async stealLease(): Promise<void> {
    await this.sql(`update pi.leases set token = token + 1, expires_at = now() - interval '1 second'`);
  }

  /** A backup is put back that is older than every payout. It knows nothing of tables that are append-only. */
  async loseAll(): Promise<void> {
    await this.sql(
      `set session_replication_role = replica`,
      `delete from pi.payout_attempts`,
      `delete from pi.payout_events`,
      `delete from pi.payouts`,
    );
    this.#payout = undefined;
  }

  sql(...statements: string[]): Promise<void> {
    return run((this.world.database.ledger as { url: string }).url, ...statements);
  }

  /** Time enough for whoever would go wrong: until it happens (with a rule taken out it will), or nothing has for a while. */
  async linger(wrong: () => boolean | Promise<boolean>, ms = this.#doomed ? PATIENCE_MS : 1_000): Promise<void> {
    const until = Date.now() + ms;
    while (Date.now() < until && !(await wrong())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Good weather, and ledgers that close, until the payout is settled or the time is up. */
  async settle(app: Instance, ms = this.#doomed ? 6_000 : PATIENCE_MS): Promise<Payout> {
    this.adversary.ingestionLag = 0;
    await this.settleUntil(async () => SETTLED.has((await this.look(app)).state), ms);
    return this.look(app);
  }

  /** As part of the story: it does not go on before this is so. */
  async completed(app: Instance): Promise<void> {
    const { state } = await this.settle(app, PATIENCE_MS);
    if (state !== 'completed') throw new Error(`The payout is ${state} where the story needs it completed`);
  }

  /**
   * Ledgers close until it is so, or the time is up. Each waits for an answer of the database, of which an attempt needs some dozens
   * before its 120 ledgers are over: on a busy machine both take longer.
   */
  async settleUntil(so: () => Promise<boolean>, ms = this.#doomed ? 6_000 : PATIENCE_MS): Promise<void> {
    this.adversary.calm();
    const end = Date.now() + ms;
    while (!(await so()) && Date.now() < end) {
      this.close();
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }

  /** How often the key was paid, over all its identifiers at Pi. */
  timesPaid(key = 'order-1'): number {
    const own = new Set(
      this.world.pi
        .payments()
        .filter(({ metadata }) => metadata['nestjs_pi_key'] === key)
        .map(({ identifier }) => identifier),
    );
    return this.world.paid().filter(({ identifier }) => own.has(identifier)).length;
  }

  cancelledAtPi(): boolean {
    return this.world.pi
      .payments()
      .some(({ status, metadata }) => status.cancelled && metadata['nestjs_pi_key'] === 'order-1');
  }

  end(): Promise<void> {
    return this.world.stop();
  }
}

function standing(): Pause & { reach(): void; readonly going: Promise<void> } {
  let resume = () => {};
  let reach = () => {};
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const going = new Promise<void>((resolve) => (resume = resolve));
  return { reached, reach, going, resume };
}
