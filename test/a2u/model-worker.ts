import { Logger } from '@nestjs/common';
import type { LaneParts } from '../../libs/pi/src/a2u/lane-parts.js';
import { LANE_SETTINGS } from '../../libs/pi/src/a2u/lane-parts.js';
import { LaneFinishing } from '../../libs/pi/src/a2u/lane-finishing.js';
import { LanePreparing } from '../../libs/pi/src/a2u/lane-preparing.js';
import { LaneSigning } from '../../libs/pi/src/a2u/lane-signing.js';
import { Tenure } from '../../libs/pi/src/a2u/tenure.js';
import { acquireLease } from '../../libs/pi/src/ledger/leases.js';

export type Loop = 'signing' | 'preparing' | 'finishing';

class Crash extends Error {}

/** The worker of a lane with its clockwork taken out: every turn is made by hand, and it can die at any step. */
export class ModelWorker {
  #tenure: Tenure | undefined;
  #loops: Record<Loop, { turn(): Promise<number> }> | undefined;
  #abort = new AbortController();
  readonly #busy = new Map<Loop, Promise<void>>();
  #stepsToLive = Infinity;

  constructor(private readonly parts: Omit<LaneParts, 'settings' | 'logger' | 'onStep'>) {}

  get alive(): boolean {
    return this.#tenure !== undefined;
  }

  /** How many things the tenure remembers of payouts. */
  get remembered(): number {
    return this.#tenure?.remembered ?? 0;
  }

  /** Takes the lane, whether or not somebody holds it. */
  async takeOver(): Promise<void> {
    this.crash();
    const { ledger, wallet } = this.parts;
    const abort = (this.#abort = new AbortController());
    const lease = await ledger.write(async (session) => {
      await session.query(`update pi.leases set expires_at = clock_timestamp() - interval '1 hour' where name = $1`, [
        wallet.address,
      ]);
      return acquireLease(session, wallet.address, 'model', 3_600_000);
    });
    // The other one is writing in this very moment: it keeps the lane.
    if (!lease) return;
    const step = () => {
      if (abort.signal.aborted || --this.#stepsToLive <= 0) {
        this.crash();
        throw new Crash('killed');
      }
    };
    const settings = { ...LANE_SETTINGS, backoffMs: 1, maxBackoffMs: 3, haltMs: 3, idleMs: 3, patienceMs: 50 };
    const logger = new Logger('model');
    try {
      const tenure = await Tenure.begin({ ...this.parts, settings, logger, onStep: step }, lease, abort);
      this.#loops = {
        signing: new LaneSigning(tenure),
        preparing: new LanePreparing(tenure),
        finishing: new LaneFinishing(tenure),
      };
      this.#tenure = tenure;
      this.#stepsToLive = Infinity;
    } catch {
      abort.abort();
    }
  }

  /** Dies now: whatever it is waiting for never reaches it. */
  crash(): void {
    this.#tenure?.end(new Crash('killed'));
    this.#abort.abort(new Crash('killed'));
    this.#tenure = undefined;
    this.#loops = undefined;
    this.#busy.clear();
  }

  /** Dies at its `steps`th step from now. */
  crashSoon(steps: number): void {
    this.#stepsToLive = steps;
  }

  /** Resolves when no turn is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  /** Begins a turn, unless the last one still waits for something. */
  turn(loop: Loop): void {
    const loops = this.#loops;
    if (!loops || this.#busy.has(loop)) return;
    const turn = loops[loop]
      .turn()
      .then(
        () => undefined,
        (error: Error) => {
          if (process.env['TEST_LOG'] && error.name !== 'PiUnavailableError') console.log(loop, error.message);
        },
      )
      .finally(() => {
        if (this.#busy.get(loop) === turn) this.#busy.delete(loop);
      });
    this.#busy.set(loop, turn);
  }
}
