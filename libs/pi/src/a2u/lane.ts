import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { withCauses } from '../errors/with-causes.js';
import { acquireLease, type Lease, releaseLease, renewLease } from '../ledger/leases.js';
import { LaneFinishing } from './lane-finishing.js';
import { isPassing, LaneHaltedError, LeaseLostError, PayoutMovedError } from './lane-errors.js';
import type { LaneParts } from './lane-parts.js';
import { LanePreparing } from './lane-preparing.js';
import { LaneSigning } from './lane-signing.js';
import { Tenure } from './tenure.js';
import { Wake } from './wake.js';

/**
 * The worker of one wallet. Many instances run one; whoever holds the lease works, the others wait for it. A stale holder is
 * harmless: everything it writes is fenced.
 */
export class Lane {
  readonly #candidate = new Wake();
  #tenure: Tenure | undefined;
  #beginning: AbortController | undefined;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(private readonly parts: LaneParts) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** There may be something to do. */
  wake(): void {
    this.#tenure?.ringAll();
  }

  /** True while this instance holds the lane. */
  get holding(): boolean {
    return this.#tenure !== undefined;
  }

  /** Begins nothing new, waits for what is on its way, and gives the lane back. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#tenure) this.#tenure.stop();
    else this.#beginning?.abort(new LeaseLostError('this instance is shutting down'));
    this.#candidate.ring();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { leaseMs, backoffMs } = this.parts.settings;
    while (!this.#stopping) {
      try {
        const lease = await this.#acquire();
        if (lease) await this.#hold(lease);
        else await this.#candidate.sleep(leaseMs / 3);
      } catch (error) {
        this.#report(error);
        await this.#candidate.sleep(backoffMs);
      }
    }
  }

  #acquire(): Promise<Lease | undefined> {
    const { ledger, app, wallet, settings } = this.parts;
    const name = `payouts:${app}:${wallet.address}`;
    return ledger.write((session) => acquireLease(session, name, `${hostname()}:${process.pid}`, settings.leaseMs));
  }

  async #hold(lease: Lease): Promise<void> {
    const { ledger, settings, logger, wallet } = this.parts;
    const abort = new AbortController();
    // Its calls are more than ten at a time, and each listens: no leak, as Node would say.
    setMaxListeners(0, abort.signal);
    this.#beginning = abort;
    const renewing = this.#keep(lease, abort);
    try {
      const tenure = await Tenure.begin(this.parts, lease, abort);
      this.#tenure = tenure;
      logger.log(`Paying from ${wallet.name} (${wallet.address})`);
      const [signing, preparing, finishing] = [
        new LaneSigning(tenure),
        new LanePreparing(tenure),
        new LaneFinishing(tenure),
      ];
      const loops = [
        this.#loop(tenure, tenure.signing, () => signing.turn()),
        this.#loop(tenure, tenure.preparing, () => preparing.turn()),
        this.#loop(tenure, tenure.finishing, () => finishing.turn()),
      ];
      if (this.#stopping) tenure.stop();
      await Promise.race([Promise.all(loops), tenure.drained(settings.drainMs)]);
      tenure.end(new LeaseLostError('the tenure has ended'));
      await Promise.all(loops);
    } finally {
      this.#tenure = undefined;
      abort.abort(new LeaseLostError('the tenure has ended'));
      await renewing;
      await ledger.write((session) => releaseLease(session, lease)).catch(() => undefined);
    }
  }

  async #loop(tenure: Tenure, wake: Wake, turn: () => Promise<number>): Promise<void> {
    while (!tenure.ended && !tenure.stopping) {
      let rest = 0;
      try {
        rest = await turn();
      } catch (error) {
        if (tenure.ended) return;
        if (error instanceof LeaseLostError) return tenure.end(error);
        rest = this.#restAfter(error);
        this.#report(error);
      }
      if (rest > 0) await wake.sleep(rest);
    }
  }

  #restAfter(error: unknown): number {
    const { haltMs, backoffMs } = this.parts.settings;
    if (error instanceof LaneHaltedError) return haltMs;
    return error instanceof PayoutMovedError ? 1 : backoffMs;
  }

  /** Renews the lease until the tenure ends; ends the tenure when it cannot be renewed in time. */
  async #keep(lease: Lease, abort: AbortController): Promise<void> {
    const { ledger, settings } = this.parts;
    const rest = settings.leaseMs / 3;
    const asleep = new Wake();
    abort.signal.addEventListener('abort', () => asleep.ring());
    let until = performance.now() + settings.leaseMs;
    while (!abort.signal.aborted) {
      await asleep.sleep(rest);
      if (abort.signal.aborted) return;
      const asked = performance.now();
      const kept = await ledger.write((session) => renewLease(session, lease, settings.leaseMs)).catch(() => undefined);
      if (kept) until = asked + settings.leaseMs;
      else if (kept === false || performance.now() > until) return this.#lost(abort);
    }
  }

  #lost(abort: AbortController): void {
    const lost = new LeaseLostError(`the lane of ${this.parts.wallet.name} is another worker's now`);
    abort.abort(lost);
    this.#tenure?.end(lost);
  }

  #report(error: unknown): void {
    const { logger, wallet } = this.parts;
    if (error instanceof PayoutMovedError) return;
    if (error instanceof LaneHaltedError) logger.error(`The lane of ${wallet.name} stands still. ${error.message}`);
    else if (isPassing(error) || error instanceof LeaseLostError) logger.warn(`${wallet.name}: ${withCauses(error)}`);
    else logger.error(`${wallet.name}: a payout could not go on`, error instanceof Error ? error.stack : String(error));
  }
}
