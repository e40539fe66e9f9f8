import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { type PiEmulatorOptions, resolveOptions, type ResolvedEmulatorOptions } from './emulator.options.js';
import { appWallet, type EmulatedWallet } from './emulated-wallet.js';
import { IdSource } from './ids.js';
import type { EmulatedNetwork } from './network.js';
import type { EmulatedPioneer, PioneerOptions } from './platform/pioneer.js';
import { Platform } from './platform/platform.js';
import { buildServer } from './server.js';

/**
 * A local Pi Network: Platform API, blockchain with Horizon, browser SDK, dashboard and faults on demand, on one port.
 *
 * @example
 * const pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
 * const pioneer = await pi.createPioneer({ username: 'amara' });
 * await fetch(`${pi.platformUrl}/me`, { headers: { authorization: `Bearer ${pioneer.accessToken}` } });
 * await pi.stop();
 */
export class PiEmulator {
  /** Wallets of the app, funded in the first ledger of the chain. */
  readonly wallets: readonly EmulatedWallet[];
  readonly platform: Platform;
  private server: FastifyInstance | undefined;
  private origin = '';

  private constructor(private readonly options: ResolvedEmulatorOptions) {
    const ids = new IdSource(options.seed);
    this.wallets = Array.from({ length: options.wallets }, (_, index) => appWallet(index));
    this.platform = new Platform(options, ids);
  }

  /** Starts the emulator; resolves when it answers. */
  static async start(options: PiEmulatorOptions = {}): Promise<PiEmulator> {
    const emulator = new PiEmulator(resolveOptions(options));
    await emulator.listen();
    return emulator;
  }

  /** Closes the port, every open connection and every timer. */
  async stop(): Promise<void> {
    await this.server?.close();
    this.server = undefined;
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

  /** The first of `wallets`. */
  get wallet(): EmulatedWallet {
    return this.wallets[0] as EmulatedWallet;
  }

  /** A Pioneer who has signed in to the app, with a token and a funded wallet. */
  async createPioneer(options: PioneerOptions = {}): Promise<EmulatedPioneer> {
    return this.platform.pioneers.create(options);
  }

  health(): { status: 'ok'; network: EmulatedNetwork } {
    return { status: 'ok', network: this.network };
  }

  private async listen(): Promise<void> {
    const { host, port } = this.options;
    this.server = await buildServer(this);
    await this.server.listen({ host, port });
    this.origin = `http://${host}:${(this.server.server.address() as AddressInfo).port}`;
  }
}
