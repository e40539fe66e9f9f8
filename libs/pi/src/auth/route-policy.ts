import { SetMetadata } from '@nestjs/common';
import type { CustomDecorator, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { PiScope } from '../platform/user.dto.js';

type Access = 'required' | 'optional' | 'public';

/** What a route asks of its caller. */
export interface RoutePolicy {
  readonly access: Access;
  readonly scopes: readonly string[];
  /** The Pi app whose tokens count; undefined is the unnamed one. */
  readonly app: string | undefined;
}

const ACCESS = Symbol('nestjs-pi:access');
const SCOPES = Symbol('nestjs-pi:scopes');
const APP = Symbol('nestjs-pi:app');

/**
 * Leaves a route (or a whole controller) open where the guard is an `APP_GUARD`. The token is not looked at. A route of an open controller
 * that has `@PiScopes` of its own is guarded all the same.
 */
export const PiPublic = (): CustomDecorator<symbol> => SetMetadata(ACCESS, 'public' satisfies Access);

/**
 * Lets callers without a token in; `@PiUser()` is then undefined. A token that is sent is verified as everywhere: a refused one is
 * a 401, not an anonymous caller.
 */
export const PiOptional = (): CustomDecorator<symbol> => SetMetadata(ACCESS, 'optional' satisfies Access);

/**
 * The scopes a Pioneer has to have granted, or the answer is 403 `insufficient_scope`. Those of a controller and of its route add up.
 *
 * @example
 * @PiScopes('payments', 'wallet_address')
 */
export const PiScopes = (...scopes: PiScope[]): CustomDecorator<symbol> => SetMetadata(SCOPES, scopes);

/** Whose tokens count here, when a process serves several Pi apps. Default: those of the unnamed app. */
export const PiApp = (name: string): CustomDecorator<symbol> => SetMetadata(APP, name);

const reflector = new Reflector();

/** Reads what the decorators say, once for each route. */
export class RoutePolicies {
  /** By class, then by handler: one inherited method serves several controllers. */
  private readonly known = new WeakMap<object, WeakMap<object, RoutePolicy>>();

  of(context: ExecutionContext): RoutePolicy {
    return this.known.get(context.getClass())?.get(context.getHandler()) ?? this.read(context);
  }

  private read(context: ExecutionContext): RoutePolicy {
    const targets = [context.getHandler(), context.getClass()] as const;
    const [ofRoute = [], ofController = []] = targets.map((target) =>
      reflector.get<string[] | undefined>(SCOPES, target),
    );
    const [access, accessOfController] = targets.map((target) => reflector.get<Access | undefined>(ACCESS, target));
    const policy: RoutePolicy = {
      // Who names scopes of one route wants a Pioneer there, whatever the controller lets in.
      access: access ?? (ofRoute.length > 0 ? 'required' : (accessOfController ?? 'required')),
      scopes: [...new Set([...ofRoute, ...ofController])],
      app: reflector.getAllAndOverride<string | undefined>(APP, [...targets]),
    };
    const routes = this.known.get(context.getClass()) ?? new WeakMap<object, RoutePolicy>();
    this.known.set(context.getClass(), routes.set(context.getHandler(), policy));
    return policy;
  }
}
