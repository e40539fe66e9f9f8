import { createHash, timingSafeEqual } from 'node:crypto';
import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  NotFoundException,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import { shopConfig, type ShopConfig } from '../config/shop.config.js';

/** Lets in who knows the operator key. Without one configured, its routes do not exist. */
@Injectable()
export class OperatorGuard implements CanActivate {
  constructor(@Inject(shopConfig.KEY) private readonly config: ShopConfig) {}

  canActivate(context: ExecutionContext): boolean {
    const { operatorKey } = this.config;
    const request = context
      .switchToHttp()
      .getRequest<{ method: string; path: string; headers: Record<string, unknown> }>();
    if (operatorKey === undefined) {
      const message = `Cannot ${request.method} ${request.path}: set OPERATOR_KEY to turn the operator's routes on.`;
      throw new NotFoundException({ statusCode: 404, message });
    }
    const given = request.headers['x-operator-key'];
    if (typeof given === 'string' && isSame(given, operatorKey)) return true;
    const message =
      given === undefined
        ? 'Send the operator key in X-Operator-Key.'
        : 'That is not the operator key: it is what OPERATOR_KEY says where the shop runs, or what it printed at start.';
    throw new UnauthorizedException({ statusCode: 401, message });
  }
}

/** For routes of the operator. */
export const ForOperator = () => applyDecorators(UseGuards(OperatorGuard), ApiSecurity('operator'));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Takes as long for a wrong key as for the right one. */
const isSame = (left: string, right: string): boolean => timingSafeEqual(digest(left), digest(right));
