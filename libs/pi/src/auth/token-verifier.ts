import { Logger } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import type { PiResolvedOptions } from '../pi.options.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import type { PiTelemetry, PiVerificationOutcome } from '../telemetry.js';
import { CheckLimit } from './check-limit.js';
import type { MeCircuit } from './me-circuit.js';
import { PiAuthService } from './pi-auth.service.js';
import type { Pioneer } from './pioneer.js';
import { hasTokenLength, isPlausibleToken } from './plausible-token.js';
import { SharedChecks } from './shared-checks.js';
import type { Flight } from './shared-checks.js';
import { fingerprint, SharedTokenStore } from './shared-token-store.js';
import { TokenCache } from './token-cache.js';
import { tokenKey } from './token-key.js';
import { pioneerOf } from './verified-token.js';
import type { VerifiedToken } from './verified-token.js';

/** With a shared store, the first level is believed for so long before the store is asked again. */
const TRUST_WITH_STORE_MS = 1_000;

/** One Pi app's tokens: first-level cache, then the shared store, then one call of `/me` for all who wait. */
export class TokenVerifier extends PiAuthService implements OnApplicationShutdown {
  private readonly logger = new Logger('PiAuth');
  private readonly cache: TokenCache;
  private readonly store: SharedTokenStore | undefined;
  private readonly checks = new SharedChecks<Pioneer>();
  private readonly limit: CheckLimit;
  private readonly watched = new Map<string, Set<() => void>>();

  constructor(
    private readonly options: PiResolvedOptions,
    private readonly platform: Pick<PiPlatformClient, 'me'>,
    private readonly circuit: MeCircuit,
    private readonly telemetry: PiTelemetry,
  ) {
    super();
    telemetry.watchCircuit(() => circuit.position);
    const { auth } = options;
    this.cache = new TokenCache({ ...auth, trustMs: auth.store ? TRUST_WITH_STORE_MS : auth.cacheMs });
    this.store = auth.store && new SharedTokenStore(auth.store, storePrefix(options), storeTime(auth));
    this.limit = new CheckLimit(auth.concurrentChecks, auth.queuedChecks);
  }

  override peek(token: string): Pioneer | undefined {
    if (!hasTokenLength(token)) return undefined;
    const pioneer = this.cache.trusted(tokenKey(token));
    if (pioneer !== undefined) this.telemetry.cacheHit();
    return pioneer;
  }

  override async verify(token: string, { signal }: { signal?: AbortSignal } = {}): Promise<Pioneer> {
    if (!isPlausibleToken(token)) throw new PiTokenRefusedError('malformed');
    const key = tokenKey(token);
    const known = this.cache.trusted(key);
    if (known) return known;
    const refusal = this.cache.refusal(key);
    if (refusal) throw new PiTokenRefusedError(refusal);
    const check = (flight: Flight<Pioneer>) =>
      this.telemetry.verification((decided) => this.check(key, token, flight, decided));
    return this.checks.join(key, check, signal);
  }

  override async forget(token: string): Promise<void> {
    const key = tokenKey(token);
    this.checks.forget(key);
    this.cache.forget(key);
    for (const listener of this.watched.get(key) ?? []) {
      try {
        listener();
      } catch (error) {
        this.logger.error(error);
      }
    }
    await this.store?.delete(token);
  }

  override onForget(token: string, listener: () => void): () => void {
    const key = tokenKey(token);
    const listeners = this.watched.get(key) ?? new Set();
    this.watched.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.watched.get(key) === listeners) this.watched.delete(key);
    };
  }

  onApplicationShutdown(): void {
    this.circuit.close();
    this.store?.close();
  }

  private async check(
    key: string,
    token: string,
    flight: Flight<Pioneer>,
    decided: (outcome: PiVerificationOutcome) => void,
  ): Promise<Pioneer> {
    const shared = await this.askStore(key, token, flight);
    if (shared) {
      decided('shared');
      return shared;
    }
    try {
      const pioneer = await this.askPi(key, token, flight);
      decided('verified');
      return pioneer;
    } catch (error) {
      if (error instanceof PiTokenRefusedError) {
        decided('refused');
        await this.refuse(key, token, error, flight);
        throw error;
      }
      if (flight.signal.aborted) throw error;
      const stale = flight.forgotten ? undefined : (this.cache.fresh(key) ?? this.cache.stale(key));
      decided(stale ? 'stale' : 'unavailable');
      if (stale) return stale;
      throw asUnavailable(error);
    }
  }

  /** A token another instance verified lately, or this one while the store is silent. */
  private async askStore(key: string, token: string, flight: Flight<Pioneer>): Promise<Pioneer | undefined> {
    if (!this.store) return undefined;
    const answer = await this.store.read(token);
    if (answer === 'silent') return this.cache.fresh(key);
    if (answer === 'unknown') {
      if (!this.cache.wasStored(key)) return this.store.takesValues ? undefined : this.cache.fresh(key);
      // Forgotten by another instance: what this one remembers no longer counts.
      this.cache.forget(key);
      return undefined;
    }
    if (flight.forgotten || this.isForeign(answer.pioneer)) return undefined;
    this.cache.remember(key, answer, true);
    return this.cache.trusted(key);
  }

  private async askPi(key: string, token: string, flight: Flight<Pioneer>): Promise<Pioneer> {
    this.circuit.check();
    const verified = await this.limit.run(() => this.callMe(token, flight.signal), flight.signal);
    if (flight.forgotten) return verified.pioneer;
    this.cache.remember(key, verified);
    if (await this.store?.write(token, verified)) this.cache.markStored(key, verified.pioneer);
    // Forgotten while it was written: which of the two came first there is not known.
    if (flight.forgotten) await this.store?.delete(token);
    return verified.pioneer;
  }

  private async callMe(token: string, signal: AbortSignal): Promise<VerifiedToken> {
    const { timeoutMs } = this.options.http;
    const dto = await this.circuit.run((abortable) =>
      this.platform.me(token, { timeoutMs, repeatLimited: false, ...(abortable && { signal }) }),
    );
    const pioneer = pioneerOf(dto);
    if (this.isForeign(pioneer)) throw new PiTokenRefusedError('foreign_app');
    if (+pioneer.validUntil <= Date.now()) throw new PiTokenRefusedError('expired');
    return { pioneer, checkedAt: Date.now() };
  }

  private async refuse(
    key: string,
    token: string,
    { reason }: PiTokenRefusedError,
    flight: Flight<Pioneer>,
  ): Promise<void> {
    if (flight.forgotten) return;
    const wasAccepted = this.cache.refuse(key, reason);
    // Invented tokens never were, so a flood of them does not reach the store.
    if (wasAccepted) await this.store?.delete(token);
  }

  /** `/me` accepts a token issued to any app. Pi names the app, though nothing promises that it does. */
  private isForeign({ appId }: Pioneer): boolean {
    return this.options.appId !== undefined && appId !== undefined && appId !== this.options.appId;
  }
}

/** Another Pi app, or another Platform API (the emulator), says nothing about a token here. */
function storePrefix({ app, platformUrl }: PiResolvedOptions): string {
  return `nestjs-pi:token:${app}:${fingerprint(platformUrl).slice(0, 8)}:`;
}

function storeTime({ cacheMs, staleIfErrorMs }: PiResolvedOptions['auth']): number {
  return Math.max(cacheMs, staleIfErrorMs);
}

/** Whatever went wrong while asking, it is no refusal of the token: 503, never 401. */
function asUnavailable(error: unknown): PiUnavailableError {
  if (error instanceof PiUnavailableError) return error;
  return new PiUnavailableError({
    reason: 'status',
    message: 'Pi gave no answer that says whether the access token is good.',
    endpoint: 'GET /me',
    cause: error,
  });
}
