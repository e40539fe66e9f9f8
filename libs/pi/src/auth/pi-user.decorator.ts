import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { getPioneer } from './kept-pioneer.js';
import type { Pioneer } from './pioneer.js';

/**
 * The verified Pioneer, or one property of it. Never anything of the request's body: that is only what a client says.
 * Undefined on routes that let anonymous callers in.
 *
 * @example
 * me(@PiUser() pioneer: Pioneer) {}
 * orders(@PiUser('uid') uid: string) {}
 */
export const PiUser = createParamDecorator((key: keyof Pioneer | undefined, context: ExecutionContext) => {
  const pioneer = getPioneer(context);
  return key === undefined ? pioneer : pioneer?.[key];
});
