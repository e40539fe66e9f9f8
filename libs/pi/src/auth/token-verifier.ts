import { setMaxListeners } from 'node:events';
import { Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import type { PiTokenRefusal } from '../errors/pi-token-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { withCauses } from '../errors/with-causes.js';
import type { PiResolvedOptions } from '../pi.options.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import type { PiTelemetry, PiVerificationOutcome } from '../telemetry.js';
import { CheckLimit } from './check-limit.js';
import type { MeCircuit } from './me-circuit.js';
import { PiAuthService } from './pi-auth.service.js';
import type { ForgetListener } from './pi-auth.service.js';
import type { Pioneer } from './pioneer.js';
import { hasTokenLength, isPlausibleToken } from './plausible-token.js';
import { SharedChecks } from './shared-checks.js';
import type { Flight } from './shared-checks.js';
import { fingerprint, SharedTokenStore } from './shared-token-store.js';
import type { StoreAnswer } from './shared-token-store.js';
import { TokenCache } from './token-cache.js';
import { tokenKey } from './token-key.js';
import { pioneerOf } from './verified-token.js';
import type { VerifiedToken } from './verified-token.js';
import { WatchedTokens } from './watched-tokens.js';

/** With a shared store, the first level is believed for so long before the store is asked again. */
const TRUST_WITH_STORE_MS = 1_000;

/** Between two warnings of tokens that could not be verified. */
const QUIET_MS = 60_000;

/** One token being decided on. */
interface Check {
  readonly key: string;
  readonly token: string;
  /** Pi has accepted it here before, so it is no stranger's invention. */
  readonly isKnown: boolean;
  readonly flight: Flight<Pioneer>;
  readonly decided: (outcome: PiVerificationOutcome) => void;
}

/** One Pi app's tokens: first-level cache, then the shared store, then one call of `/me` for all who wait. */
export class TokenVerifier extends PiAuthService implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger('PiAuth');
  private readonly cache: TokenCache;
  private readonly store: SharedTokenStore | undefined;
  private readonly checks = new SharedChecks<Pioneer>();
  private readonly limit: CheckLimit;
  private readonly shutdown = new AbortController();
  private quietUntil = 0;
  private readonly watched: WatchedTokens;

  constructor(
    private readonly options: PiResolvedOptions,
    private readonly platform: Pick<PiPlatformClient, 'me'>,
    private readonly circuit: MeCircuit,
    private readonly telemetry: PiTelemetry,
  ) {
    super();
    setMaxListeners(0, this.shutdown.signal); // every call of /me listens
    telemetry.watchCircuit(() => circuit.position);
    const { auth } = options;
    this.cache = new TokenCache({ ...auth, trustMs: auth.store ? TRUST_WITH_STORE_MS : auth.cacheMs });
    this.store = auth.store && new SharedTokenStore(auth.store, storePrefix(options), storeTime(auth));
    this.watched = new WatchedTokens(this.cache, this.store);
    this.limit = new CheckLimit(auth.concurrentChecks, auth.queuedChecks);
  }

  override peek(token: string): Pioneer | undefined {
    if (!hasTokenLength(token)) return undefined;
    const pioneer = this.cache.trusted(tokenKey(token));
    if (pioneer !== undefined) this.telemetry.cacheHit();
    return pioneer;
  }

  override async verify(token: string, { signal }: { signal?: AbortSignal } = {}): Promise<Pioneer> {
    if (!isPlausibleToken(token)) throw this.refusedAtOnce('malformed');
    const key = tokenKey(token);
    const known = this.cache.trusted(key);
    if (known) {
      this.telemetry.cacheHit();
      return known;
    }
    const refusal = this.cache.refusal(key);
    if (refusal) throw this.refusedAtOnce(refusal);
    const check = (flight: Flight<Pioneer>) =>
      this.telemetry.verification((decided) =>
        this.check({ key, token, isKnown: this.cache.isKnown(key), flight, decided }),
      );
    return this.checks.join(key, check, signal);
  }

  override async forget(token: string): Promise<void> {
    if (!isPlausibleToken(token)) return;
    const key = tokenKey(token);
    this.checks.forget(key);
    this.watched.forget(key, 'here');
    await this.store?.forget(token);
  }

  override onForget(token: string, listener: ForgetListener): () => void {
    if (!isPlausibleToken(token)) return () => undefined;
    return this.watched.add(tokenKey(token), token, listener);
  }

  /** Nest shuts global modules down last: by then, whoever owns the store may have closed it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.watched.close();
    // Nest waits for open requests before it goes on: those that wait for their turn are told now.
    this.limit.close();
    await this.store?.stop();
  }

  /** All requests have been answered by now: whatever is still under way is waited for by nobody. */
  onApplicationShutdown(): void {
    this.shutdown.abort();
    this.circuit.close();
    this.store?.close();
  }

  private refusedAtOnce(reason: PiTokenRefusal): PiTokenRefusedError {
    this.telemetry.refusedAtOnce(reason);
    return new PiTokenRefusedError(reason);
  }

  private async check(check: Check): Promise<Pioneer> {
    const { key, token, isKnown, flight, decided } = check;
    const stored = this.store ? await this.store.read(token, isKnown) : 'silent';
    if (stored !== 'silent' && stored.mark !== undefined && this.cache.isOutdatedBy(stored.mark, key)) {
      this.watched.forget(key, 'elsewhere');
    }
    if (stored !== 'silent' && stored.verified && this.believes(stored.verified, check)) {
      this.remember(key, stored.verified);
      const shared = this.cache.trusted(key);
      if (shared) return (decided('shared'), shared);
    }
    const kept = flight.forgotten ? undefined : this.cache.fresh(key);
    if (kept) return (decided('kept'), kept);
    return this.ask(check, stored === 'silent' ? undefined : stored);
  }

  private remember(key: string, verified: VerifiedToken): void {
    this.watched.verified(key, verified.mark);
    this.cache.remember(key, verified);
  }

  /** What another instance verified, unless this one knows better. */
  private believes({ pioneer }: VerifiedToken, { key, flight }: Check): boolean {
    return !flight.forgotten && !this.isForeign(pioneer) && !this.cache.wasRefused(key);
  }

  private async ask(check: Check, stored: StoreAnswer | undefined): Promise<Pioneer> {
    const { key, token, flight, decided } = check;
    try {
      const verified = { ...(await this.askPi(check, stored?.verified !== undefined)), mark: stored?.mark };
      decided('verified');
      if (flight.forgotten) return verified.pioneer;
      this.remember(key, verified);
      await this.store?.write(token, verified);
      return verified.pioneer;
    } catch (error) {
      if (error instanceof PiTokenRefusedError) {
        decided('refused');
        await this.refuse(check, error.reason, stored);
        throw error;
      }
      if (flight.signal.aborted) throw error;
      const stale = flight.forgotten ? undefined : this.cache.stale(key);
      decided(stale ? 'stale' : 'unavailable');
      if (stale) return stale;
      throw this.asUnavailable(error);
    }
  }

  /** Who leaves while waiting for a turn is not asked for. A call under way is not hung up on: Pi would go on working, and the next take its place. */
  private askPi({ token, isKnown, flight }: Check, isKnownElsewhere: boolean): Promise<VerifiedToken> {
    this.circuit.check();
    const call = () => {
      flight.begin();
      return this.callMe(token);
    };
    return this.limit.run(call, { signal: flight.signal, isKnown: isKnown || isKnownElsewhere });
  }

  private async callMe(token: string): Promise<VerifiedToken> {
    const { timeoutMs } = this.options.http;
    const { signal } = this.shutdown;
    const dto = await this.circuit.run((isProbe) =>
      this.platform.me(token, { timeoutMs, signal, repeatLimited: false, ...(isProbe && { retries: 0 }) }),
    );
    const pioneer = pioneerOf(dto);
    if (this.isForeign(pioneer)) throw new PiTokenRefusedError('foreign_app');
    if (+pioneer.validUntil <= Date.now()) throw new PiTokenRefusedError('expired');
    return { pioneer, checkedAt: Date.now() };
  }

  private async refuse(
    { key, token, isKnown, flight }: Check,
    reason: PiTokenRefusal,
    stored?: StoreAnswer,
  ): Promise<void> {
    if (flight.forgotten) return;
    const wasAccepted = isKnown || stored?.verified !== undefined;
    this.cache.refuse(key, reason);
    // Invented tokens never were, so a flood of them does not reach the store. That it is foreign here says nothing of elsewhere.
    if (wasAccepted && reason !== 'foreign_app') await this.store?.forget(token);
  }

  /** `/me` accepts a token issued to any app. Pi names the app, though nothing promises that it does. */
  private isForeign({ appId }: Pioneer): boolean {
    return this.options.appId !== undefined && appId !== undefined && appId !== this.options.appId;
  }

  /** Whatever went wrong while asking, it is no refusal of the token: 503, never 401. Clients learn no more, so the log has to say why. */
  private asUnavailable(error: unknown): PiUnavailableError {
    const isOurs = error instanceof PiUnavailableError && (error.reason === 'busy' || error.reason === 'circuit_open');
    if (!isOurs && !this.shutdown.signal.aborted && performance.now() >= this.quietUntil) {
      this.quietUntil = performance.now() + QUIET_MS;
      this.logger.warn(`An access token could be neither accepted nor refused: ${withCauses(error)}`);
    }
    if (error instanceof PiUnavailableError) return error;
    return new PiUnavailableError({
      reason: 'status',
      message: 'Pi gave no answer that says whether the access token is good.',
      endpoint: 'GET /me',
      cause: error,
    });
  }
}

/** Another Pi app, or another Platform API (the emulator), says nothing about a token here. */
function storePrefix({ app, platformUrl }: PiResolvedOptions): string {
  return `nestjs-pi:token:${app}:${fingerprint(platformUrl).slice(0, 8)}:`;
}

function storeTime({ cacheMs, staleIfErrorMs }: PiResolvedOptions['auth']): number {
  return Math.max(cacheMs, staleIfErrorMs);
}
