import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import type { Pioneer } from './pioneer.js';

/** @param forgotten on which instance. */
export type ForgetListener = (forgotten: 'here' | 'elsewhere') => void;

/** Verifies access tokens of Pioneers. The one dependency of `PiAuthGuard`; token and type at once. */
export abstract class PiAuthService {
  /** From the first-level cache, without a promise; undefined when Pi or the shared store must be asked. */
  abstract peek(token: string): Pioneer | undefined;

  /**
   * Asks Pi unless an answer is known. However many wait for one token, Pi is asked once.
   *
   * @param options.signal ends the waiting of this caller, who gets its reason; others go on.
   * @throws PiTokenRefusedError Pi (or the app's own `appId`) said no.
   * @throws PiUnavailableError Pi could not be asked: neither yes nor no.
   */
  abstract verify(token: string, options?: { signal?: AbortSignal }): Promise<Pioneer>;

  /**
   * Drops what is known of a token, here and in the shared store: the next request asks Pi again. Other instances notice
   * within a second when they share a store.
   */
  abstract forget(token: string): Promise<void>;

  /**
   * Calls `listener` when `forget` is called for this token: what was opened with the token is to be closed. A `forget` on another
   * instance is heard within about a second, if they share a store. By itself it never calls: override it in a service that can forget.
   *
   * @returns ends it.
   */
  onForget(_token: string, _listener: ForgetListener): () => void {
    return () => undefined;
  }

  /**
   * The service of one Pi app, when a process serves several.
   *
   * @throws PiConfigurationError no app of this name is registered.
   */
  forApp(name?: string): PiAuthService {
    if (!name) return this;
    throw new PiConfigurationError([
      {
        problem: `${this.constructor.name} knows no Pi app named "${name}".`,
        fix: `Register it with PiModule.forRoot({ name: '${name}', … }), or override forApp().`,
      },
    ]);
  }
}
