import { Chain } from './chain/chain.js';
import { EmulatorError } from './emulator-error.js';
import type { ResolvedEmulatorOptions } from './emulator.options.js';
import { appWallet, type EmulatedWallet } from './emulated-wallet.js';
import { IdSource } from './ids.js';
import { toStroops } from './platform/amount.js';
import type { EmulatedPioneer, PioneerOptions } from './platform/pioneer.js';
import { Platform } from './platform/platform.js';
import { checkState, type EmulatorState } from './state/emulator-state.js';
import { StateFile, stateFileError } from './state/state-file.js';
import { endOfMany } from './end-of-many.js';

/** 1000 Pi. */
const DEFAULT_BALANCE = 10_000_000_000n;

/** The emulated world: Pi's servers and the chain under them, and how both are kept and brought back together. */
export class World {
  readonly chain: Chain;
  readonly platform: Platform;
  readonly wallets: readonly EmulatedWallet[];
  private readonly ids: IdSource;
  private readonly file: StateFile | undefined;
  private readonly ending = endOfMany();
  private life = endOfMany();

  constructor(
    private readonly options: ResolvedEmulatorOptions,
    horizonUrl: () => string,
  ) {
    const { network, ledgerMs, ledgerSeconds, submitTimeoutMs, seed, stateFile } = options;
    this.ids = new IdSource(seed);
    this.wallets = Array.from({ length: options.wallets }, (_, index) => appWallet(index));
    this.chain = new Chain({
      network,
      ledgerMs,
      ledgerSeconds,
      submitTimeoutMs,
      ...(seed !== undefined && { genesis: seed }),
    });
    const addresses = this.wallets.map(({ address }) => address);
    this.platform = new Platform(options, this.ids, addresses, this.chain, horizonUrl, () => this.life.signal);
    this.file = stateFile === undefined ? undefined : new StateFile(stateFile, () => this.view());
  }

  /** Brings the state file's world back, or begins a new one. @throws Error naming the file when it is of no use */
  async open(): Promise<void> {
    this.loadFile();
    this.populate();
    this.chain.onClose(({ closedAt }) => this.ledgerClosed(closedAt));
    await this.save();
  }

  /** Ends for good: everybody who waits for something is let go. */
  stop(): void {
    this.ending.abort();
    this.life.abort();
    this.chain.stop();
  }

  /** Aborted by `stop()`. */
  get closing(): AbortSignal {
    return this.ending.signal;
  }

  /** Back to the beginning: no Pioneers, no payments, a new chain, calm weather. */
  async reset(): Promise<void> {
    const { seed } = this.options;
    this.beginLife();
    this.chain.stop();
    this.chain.adversary.calm();
    this.chain.reset(seed === undefined ? {} : { genesis: seed });
    this.ids.position = 0;
    this.platform.import({ pioneers: [], tokens: [], payments: [], ads: [], notifications: [] });
    this.populate();
    this.chain.start();
    await this.save();
  }

  export(): EmulatorState {
    return structuredClone(this.view());
  }

  /** Puts an exported world in place of this one. @throws EmulatorError when it is none; nothing is changed then */
  import(given: unknown): void {
    const state = structuredClone(checkState(given, this.options.network));
    const before = this.chain.exportState();
    try {
      this.chain.importState(state.chain);
    } catch (error) {
      this.chain.importState(before);
      throw new EmulatorError('invalid_state', `The chain of this state is of no use: ${(error as Error).message}`);
    }
    this.beginLife();
    this.platform.import(state.platform);
    this.ids.position = Math.max(this.ids.position, state.idPosition);
  }

  /** Resolves when everything changed so far is in the state file. */
  async save(): Promise<void> {
    await this.file?.save();
  }

  /** Resolves when no write of the state file is under way. */
  async saved(): Promise<void> {
    await this.file?.settled();
  }

  /** Whoever waits for something in the world as it was is let go. */
  private beginLife(): void {
    this.life.abort();
    this.life = endOfMany();
  }

  /** Shares its objects with the world: for writing only. */
  private view(): EmulatorState {
    return {
      version: 1,
      network: this.options.network,
      idPosition: this.ids.position,
      platform: this.platform.export(),
      chain: this.chain.exportState(),
    };
  }

  private ledgerClosed(closedAt: number): void {
    this.platform.pioneerWallet.ledgerClosed(closedAt);
    this.save().catch((error: Error) => process.emitWarning(`pi-emulator: ${error.message}`));
  }

  /** A Pioneer who has signed in to the app, with a wallet that holds `stroops`. */
  addPioneer(options: PioneerOptions, stroops: bigint): EmulatedPioneer {
    const pioneer = this.platform.pioneers.create(options);
    if (pioneer.walletAddress !== '' && stroops > 0n) this.chain.fund(pioneer.walletAddress, stroops);
    return pioneer;
  }

  /** What there is at the beginning, unless the state file brought it. */
  private populate(): void {
    const { walletBalance, pioneers } = this.options;
    const balance = toStroops(walletBalance) ?? 0n;
    for (const { address } of this.wallets) if (!this.chain.account(address)) this.chain.fund(address, balance);
    if (this.platform.pioneers.list().length > 0) return;
    for (let count = 0; count < pioneers; count += 1) this.addPioneer({}, DEFAULT_BALANCE);
  }

  private loadFile(): void {
    const state = this.file?.load();
    if (!this.file || state === undefined) return;
    try {
      this.import(state);
    } catch (error) {
      throw stateFileError(this.file.path, (error as Error).message);
    }
  }
}
