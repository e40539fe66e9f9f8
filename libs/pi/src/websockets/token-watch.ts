import { clientGone } from '../auth/connection-signal.js';
import type { PiAuthService } from '../auth/pi-auth.service.js';
import type { Pioneer } from '../auth/pioneer.js';
import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';

/** The longest a timer of Node can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface PiSocketOptions {
  /** Which Pi app's tokens count, when the process serves several. Default: the unnamed one. */
  app?: string;
  /** How often an open socket's token is checked again, in milliseconds, give or take a tenth; cached answers count. Default: 60,000. */
  recheckMs?: number;
}

/** @throws PiConfigurationError */
export function checkSocketOptions({ recheckMs }: PiSocketOptions): void {
  if (recheckMs === undefined || recheckMs >= 1) return;
  throw new PiConfigurationError([
    {
      problem: `recheckMs is ${recheckMs}: sockets would ask all the time.`,
      fix: 'Give the milliseconds between two checks, 1 or more, or leave it out for 60,000.',
    },
  ]);
}

/**
 * Ends a socket when its token does: at `validUntil`, on `forget`, or when Pi refuses it at a later check. While Pi cannot be asked
 * the socket stays.
 */
export class TokenWatch {
  private readonly over = new AbortController();
  private readonly recheckMs: number;
  private readonly stopListening: () => void;
  private admitted = false;
  private timer: NodeJS.Timeout | undefined;

  /** Listens to `forget` at once: that may come while Pi is asked, or before the socket is connected. */
  constructor(
    private readonly auth: PiAuthService,
    private readonly token: string,
    private readonly end: (reason: PiTokenRefusedError) => void,
    { recheckMs = 60_000 }: PiSocketOptions = {},
  ) {
    this.recheckMs = recheckMs;
    this.stopListening = auth.onForget(token, (forgotten) => {
      // Elsewhere: that was before Pi was asked for this socket.
      if (forgotten === 'here' || this.admitted) this.finish(new PiTokenRefusedError('refused'));
    });
  }

  /**
   * Asks whose token it is, and looks after it from then on.
   *
   * @throws what `verify` throws, and PiTokenRefusedError when the token was forgotten meanwhile.
   */
  async admit(): Promise<Pioneer> {
    const { signal } = this.over;
    try {
      const pioneer = await this.auth.verify(this.token, { signal });
      signal.throwIfAborted();
      this.admitted = true;
      this.arm(+pioneer.validUntil);
      return pioneer;
    } catch (error) {
      this.letGo();
      throw error;
    }
  }

  /** For when the socket has closed by itself. */
  letGo(reason: Error = clientGone()): void {
    this.over.abort(reason);
    clearTimeout(this.timer);
    this.stopListening();
  }

  private arm(validUntil: number): void {
    const leftMs = Math.max(0, validUntil - Date.now());
    // Not all at once, when many have come at once.
    const recheckMs = this.recheckMs * (0.9 + Math.random() / 5);
    const waitMs = Math.min(leftMs, recheckMs, LONGEST_TIMER_MS);
    this.timer = setTimeout(() => void this.look(validUntil), waitMs).unref();
  }

  private async look(validUntil: number): Promise<void> {
    if (Date.now() >= validUntil) return this.finish(new PiTokenRefusedError('expired'));
    const { signal } = this.over;
    try {
      const pioneer = await this.auth.verify(this.token, { signal });
      if (!signal.aborted) this.arm(+pioneer.validUntil);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof PiTokenRefusedError) this.finish(error);
      else this.arm(validUntil);
    }
  }

  /** Before the socket is admitted, `admit` tells. */
  private finish(reason: PiTokenRefusedError): void {
    this.letGo(reason);
    if (this.admitted) this.end(reason);
  }
}
