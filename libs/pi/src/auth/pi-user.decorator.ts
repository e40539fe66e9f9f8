import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
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
export const PiUser: PiUserDecorator = createParamDecorator(
  (key: keyof Pioneer | undefined, context: ExecutionContext) => {
    const pioneer = getPioneer(context);
    return key === undefined ? pioneer : pioneer?.[key];
  },
);

/** Written out because the type that Nest infers names what only one of its majors exports. */
type PiUserDecorator = (
  ...keyOrPipes: (keyof Pioneer | Type<PipeTransform> | PipeTransform | undefined)[]
) => ParameterDecorator;
