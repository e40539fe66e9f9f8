import { Logger } from '@nestjs/common';
import { PiEmulator, type PiEmulatorOptions } from 'pi-emulator';
import type { A2UParts } from '../../libs/pi/src/a2u/ledger-a2u.service.js';
import { LedgerA2UService } from '../../libs/pi/src/a2u/ledger-a2u.service.js';
import { PiHorizonClient } from '../../libs/pi/src/chain/horizon-client.js';
import { createPiHttp } from '../../libs/pi/src/http/pi-http.js';
import { PiLedger } from '../../libs/pi/src/ledger/pi-ledger.js';
import { resolveOptions } from '../../libs/pi/src/options/resolve-options.js';
import type { PiWallet } from '../../libs/pi/src/pi.options.js';
import { PiPlatformClient } from '../../libs/pi/src/platform/platform.client.js';
import type { TestDatabase } from '../support/database.js';

/** One instance of an app: its payouts, and what ends it. */
export interface Instance {
  readonly payouts: LedgerA2UService;
  readonly ledger: PiLedger<unknown>;
  stop(): Promise<void>;
}

export interface InstanceOptions {
  readonly inside?: A2UParts['inside'];
  readonly wallet?: Partial<PiWallet>;
  /** Runs no lanes: only asks. */
  readonly idle?: boolean;
  readonly horizonUrl?: string;
  /** Which of the app's wallets it knows. Default: all. */
  readonly wallets?: readonly number[];
}

/** Waits fit for ledgers of a tenth of a second. */
export const QUICK = { leaseMs: 1_500, idleMs: 500, backoffMs: 40, maxBackoffMs: 400, patienceMs: 500, haltMs: 600 };

/** An emulated Pi and one database, on which instances of an app come and go. */
export class PayoutWorld {
  readonly #instances: Instance[] = [];

  private constructor(
    readonly pi: PiEmulator,
    readonly database: TestDatabase,
  ) {}

  static async start(create: () => Promise<TestDatabase>, options: PiEmulatorOptions = {}): Promise<PayoutWorld> {
    Logger.overrideLogger(process.env['TEST_LOG'] ? ['log', 'warn', 'error', 'debug'] : false);
    const [pi, database] = await Promise.all([PiEmulator.start({ port: 0, ledgerMs: 100, ...options }), create()]);
    return new PayoutWorld(pi, database);
  }

  async instance({ inside, wallet, idle, horizonUrl, wallets }: InstanceOptions = {}): Promise<Instance> {
    const { pi } = this;
    const options = resolveOptions({
      apiKey: pi.apiKey,
      network: pi.network,
      platformUrl: pi.platformUrl,
      horizonUrl: horizonUrl ?? pi.horizonUrl,
      wallets: pi.wallets
        .filter((_, index) => !wallets || wallets.includes(index))
        .map(({ seed }) => ({ signer: { seed }, ...wallet })),
      ledger: this.database.ledger,
    });
    const http = createPiHttp({ retries: 0 });
    const ledger = new PiLedger<unknown>(this.database.ledger);
    const payouts = new LedgerA2UService({
      options,
      ledger,
      horizon: new PiHorizonClient({ http, horizonUrl: options.horizonUrl }),
      platform: new PiPlatformClient({ http, apiKey: options.apiKey, platformUrl: options.platformUrl }),
      inside: { canLoseCommits: false, ...inside, settings: { ...QUICK, ...inside?.settings } },
    });
    if (!idle) await payouts.onApplicationBootstrap();
    const instance = {
      payouts,
      ledger,
      stop: async () => {
        this.#instances.splice(this.#instances.indexOf(instance), 1);
        await payouts.beforeApplicationShutdown();
        await http.close();
        await ledger.onApplicationShutdown();
      },
    };
    this.#instances.push(instance);
    return instance;
  }

  async pioneer(): Promise<string> {
    return (await this.pi.createPioneer({ balance: 100 })).uid;
  }

  /** What really left the app's wallets for Pioneers, by Pi's identifiers; with a fee bump, by whoever paid the fee. */
  paid(): { identifier: string; hash: string; amount: string }[] {
    const known = new Set(this.pi.payments().map(({ identifier }) => identifier));
    const wallets = new Set(this.pi.wallets.map(({ address }) => address));
    return this.pi
      .transactions()
      .filter(({ successful, memo, operations }) => {
        return successful && known.has(memo ?? '') && wallets.has(operations[0]?.source ?? '');
      })
      .map(({ memo, hash, operations }) => ({ identifier: memo!, hash, amount: operations[0]!.amount! }));
  }

  /** Ends what instances are left. */
  async stopInstances(): Promise<void> {
    while (this.#instances[0]) await this.#instances[0].stop();
  }

  async stop(): Promise<void> {
    await this.stopInstances();
    await this.pi.stop();
    await this.database.drop();
  }
}
