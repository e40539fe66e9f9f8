import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { PiError } from '../errors/pi-error.js';
import { PiScopeMissingError } from '../errors/pi-scope-missing-error.js';
import { PiTokenRefusedError } from '../errors/pi-token-refused-error.js';
import { whileConnected } from './connection-signal.js';
import { keepPioneer, keepPioneerOfMessage } from './kept-pioneer.js';
import { PiAuthService } from './pi-auth.service.js';
import type { Pioneer } from './pioneer.js';
import { RoutePolicies } from './route-policy.js';
import type { RoutePolicy } from './route-policy.js';
import { transportOf } from './transports/transports.js';

/**
 * Lets a request in whose Bearer token Pi accepts. Over HTTP, GraphQL, WebSocket and RPC; any other context is denied.
 *
 * 401 when Pi said no, 403 when a scope is missing, 503 with `Retry-After` when Pi could not be asked. On a cached token the answer is
 * a plain boolean. Each protected step can be overridden.
 *
 * @example
 * @UseGuards(PiAuthGuard)
 * @Get('me')
 * me(@PiUser() pioneer: Pioneer) { return { uid: pioneer.uid }; }
 */
@Injectable()
export class PiAuthGuard implements CanActivate {
  private readonly policies = new RoutePolicies();

  constructor(protected readonly auth: PiAuthService) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const policy = this.policies.of(context);
    if (policy.access === 'public') return this.letPass(context);

    const carrier = this.getCarrier(context);
    if (!carrier) return false;

    const token = this.extractToken(carrier, context);
    if (token === undefined) {
      if (policy.access === 'optional') return this.admitAnonymous(carrier, context);
      return this.deny(new PiTokenRefusedError('missing'), context);
    }

    const auth = policy.app === undefined ? this.auth : this.auth.forApp(policy.app);
    const pioneer = auth.peek(token);
    if (pioneer) return this.admit(pioneer, policy, carrier, context);
    return this.ask(auth, token, policy, carrier, context);
  }

  /** Where the token is read and the Pioneer is kept: request, GraphQL request, socket, message. Undefined denies. */
  protected getCarrier(context: ExecutionContext): object | undefined {
    return transportOf(context.getType<string>())?.carrier(context);
  }

  /** Undefined when there is none; whether it is good is not asked here. */
  protected extractToken(carrier: object, context: ExecutionContext): string | undefined {
    return transportOf(context.getType<string>())?.token(carrier);
  }

  /** Last word on a verified Pioneer (ban list, role…): throw, or answer false, to deny. */
  protected onVerified(
    _pioneer: Pioneer,
    _context: ExecutionContext,
  ): void | boolean | Promise<void> | Promise<boolean> {}

  /** The error a client of this transport can read. */
  protected toException(error: PiError, context: ExecutionContext): Error | Promise<Error> {
    return transportOf(context.getType<string>())?.exception(error, context) ?? error;
  }

  private async ask(
    auth: PiAuthService,
    token: string,
    policy: RoutePolicy,
    carrier: object,
    context: ExecutionContext,
  ): Promise<boolean> {
    const connection = transportOf(context.getType<string>())?.connection?.(carrier);
    const pioneer = await whileConnected(connection, (signal) => auth.verify(token, signal && { signal })).catch(
      (error: unknown) => {
        if (error instanceof PiError) return this.deny(error, context);
        throw error;
      },
    );
    return this.admit(pioneer, policy, carrier, context);
  }

  private admit(
    pioneer: Pioneer,
    policy: RoutePolicy,
    carrier: object,
    context: ExecutionContext,
  ): boolean | Promise<boolean> {
    if (policy.scopes.length > 0) {
      const missing = policy.scopes.filter((scope) => !pioneer.scopes.includes(scope));
      if (missing.length > 0) return this.deny(new PiScopeMissingError(missing), context);
    }
    this.keep(pioneer, carrier, context);
    const verdict = this.onVerified(pioneer, context);
    if (verdict === undefined) return true;
    return typeof verdict === 'boolean' ? verdict : verdict.then((admitted) => admitted !== false);
  }

  /** Nobody is asked for. What an earlier message has left on their common socket or request is not this one's Pioneer. */
  private letPass(context: ExecutionContext): true {
    const message = transportOf(context.getType<string>())?.message?.(context);
    if (message) keepPioneerOfMessage(message, undefined);
    return true;
  }

  private admitAnonymous(carrier: object, context: ExecutionContext): true {
    this.keep(undefined, carrier, context);
    return true;
  }

  /** `@PiUser()` knows nothing of an overridden `getCarrier`, so it finds the Pioneer at the usual place as well. */
  private keep(pioneer: Pioneer | undefined, carrier: object, context: ExecutionContext): void {
    keepPioneer(carrier, pioneer);
    const transport = transportOf(context.getType<string>());
    const message = transport?.message?.(context);
    if (message) keepPioneerOfMessage(message, pioneer);
    if (this.getCarrier === PiAuthGuard.prototype.getCarrier) return;
    const usual = transport?.carrier(context);
    if (usual && usual !== carrier) keepPioneer(usual, pioneer);
  }

  /** Throws at once where the error is at hand, so that a refusal costs no promise either. */
  private deny(error: PiError, context: ExecutionContext): Promise<never> {
    const exception = this.toException(error, context);
    if (!('then' in exception)) throw exception;
    return exception.then((reason) => {
      throw reason;
    });
  }
}
