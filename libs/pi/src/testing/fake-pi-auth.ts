import { randomBytes } from 'node:crypto';
import { PiAuthService } from '../auth/pi-auth.service.js';
import type { ForgetListener } from '../auth/pi-auth.service.js';
import type { Pioneer } from '../auth/pioneer.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { PiUnavailableError } from '../errors/pi-unavailable-error.js';
import { fakePioneer } from './fake-pioneer.js';

/**
 * Sign-in without Pi, for tests of guarded controllers: the real guard, with tokens the test hands out.
 *
 * @example
 * const pi = new FakePiAuth();
 * const module = await Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(PiAuthService).useValue(pi)
 *   .compile();
 *
 * const token = pi.signIn({ username: 'amara', scopes: ['payments'] });
 * await request(app.getHttpServer()).get('/me').auth(token, { type: 'bearer' }).expect(200);
 */
export class FakePiAuth extends PiAuthService {
  /** True: Pi cannot be asked, so a token that was not verified before gets 503. */
  unavailable = false;
  private readonly signedIn = new Map<string, Pioneer>();
  private readonly verified = new Set<string>();
  private readonly listeners = new Map<string, Set<ForgetListener>>();

  /** @returns an access token of this Pioneer; what is not given is made up. */
  signIn(pioneer: Partial<Pioneer> = {}): string {
    const token = `fake_${randomBytes(16).toString('hex')}`;
    this.signedIn.set(token, fakePioneer(pioneer));
    return token;
  }

  /** From now on the token is refused. */
  signOut(token: string): void {
    this.signedIn.delete(token);
    this.verified.delete(token);
  }

  override peek(token: string): Pioneer | undefined {
    return this.verified.has(token) ? this.current(token) : undefined;
  }

  override async verify(token: string): Promise<Pioneer> {
    const known = this.peek(token);
    if (known) return known;
    if (this.unavailable)
      throw new PiUnavailableError({ reason: 'network', message: 'Pi cannot be asked (FakePiAuth).' });
    const pioneer = this.current(token);
    if (!pioneer) throw new PiTokenRefusedError('refused');
    this.verified.add(token);
    return pioneer;
  }

  override async forget(token: string): Promise<void> {
    this.verified.delete(token);
    for (const listener of this.listeners.get(token) ?? []) listener('here');
  }

  override onForget(token: string, listener: ForgetListener): () => void {
    const listeners = this.listeners.get(token) ?? new Set();
    this.listeners.set(token, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Every Pi app accepts these tokens. */
  override forApp(): this {
    return this;
  }

  private current(token: string): Pioneer | undefined {
    const pioneer = this.signedIn.get(token);
    return pioneer && Date.now() < +pioneer.validUntil ? pioneer : undefined;
  }
}
