import type { Pioneer } from './pioneer.js';

/** Verifies access tokens of Pioneers. The one dependency of `PiAuthGuard`; token and type at once. */
export abstract class PiAuthService {
  /** From the first-level cache, without a promise; undefined when Pi or the shared store must be asked. */
  abstract peek(token: string): Pioneer | undefined;

  /**
   * Asks Pi unless an answer is known. However many wait for one token, Pi is asked once.
   *
   * @throws PiTokenRefusedError Pi (or the app's own `appId`) said no.
   * @throws PiUnavailableError Pi could not be asked: neither yes nor no.
   */
  abstract verify(token: string, options?: { signal?: AbortSignal }): Promise<Pioneer>;

  /** Drops what is known of a token: the next request asks Pi again. */
  abstract forget(token: string): Promise<void>;
}
