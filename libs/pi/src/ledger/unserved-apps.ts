import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { PiLedger } from './pi-ledger.js';

/** Whoever serves an app takes what is due within seconds, and holds the lanes of its wallets all the time. */
const UNSERVED_AFTER_MS = 10 * 60_000;
const LOOK_EVERY_MS = 10 * 60_000;

interface UnservedApp {
  readonly app: string;
  readonly payments: string;
  readonly payouts: string;
}

/**
 * Says when the ledger holds work of a Pi app nobody serves: one that was renamed, whose rows stay under the old name.
 * Services with other Pi apps may share the database, so what counts is that nobody has taken up their due work.
 */
export class UnservedApps implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger('PiLedger');
  readonly #said = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(
    private readonly ledger: PiLedger<unknown>,
    /** Name of the Pi app; `''` is the unnamed one. */
    private readonly app: string,
    private readonly everyMs = LOOK_EVERY_MS,
  ) {}

  /** Again and again: right after a renaming the last instance under the old name has only just stopped. */
  onApplicationBootstrap(): void {
    const look = (): void => void (this.#looking = this.#look());
    this.#timer = setInterval(look, this.everyMs).unref();
    look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      for (const found of await this.#find()) this.#say(found);
    } catch (error) {
      this.#logger.debug(`Whether all Pi apps are served cannot be said for now: ${String(error)}`);
    }
  }

  #say({ app, payments, payouts }: UnservedApp): void {
    if (this.#said.has(app)) return;
    this.#said.add(app);
    this.#logger.warn(
      `${payments} payments and ${payouts} payouts of ${called(app)} are due, and nobody has taken them up for ${UNSERVED_AFTER_MS / 60_000} minutes: here ${called(this.app)} is served. Was it renamed? Give it its old name back with the option \`name\`, or move its rows: docs/ledger.md, "The name of an app". If another service serves it, that one is down.`,
    );
  }

  async #find(): Promise<readonly UnservedApp[]> {
    const { rows } = await this.ledger.read(({ query }) =>
      query<UnservedApp>(
        `with open as (
           select app, 1 as payment, 0 as payout from pi.payments
           where app <> $1 and due_at < now() - $2::double precision * interval '1 millisecond'
           union all
           select app, 0, 1 from pi.payouts p
           where app <> $1 and (
             state = 'requested' or state in ('created', 'signed', 'submitted', 'paid', 'cancelling', 'needs_review')
           ) and created_at < now() - $2::double precision * interval '1 millisecond' and not exists (
             select 1 from pi.leases where name = 'payouts:' || p.app || ':' || p.wallet
               and expires_at > now() - $2::double precision * interval '1 millisecond'
           )
         )
         select app, sum(payment)::text as payments, sum(payout)::text as payouts from open group by app order by app`,
        [this.app, UNSERVED_AFTER_MS],
      ),
    );
    return rows;
  }
}

function called(app: string): string {
  return app === '' ? 'the unnamed Pi app' : `the Pi app "${app}"`;
}
