import { Body, Controller, Headers, Inject, Logger, Post, UnauthorizedException } from '@nestjs/common';

export const ME_URL = Symbol('where /me is');

interface AuthResult {
  accessToken: string;
  user: { uid: string; username: string };
}

/**
 * Sign-in as public backends have it, mistakes included: the token is checked, and then the body is believed. The attacks of this folder
 * have to succeed here, or they prove nothing about ours.
 */
@Controller('naive')
export class NaiveSignIn {
  private readonly logger = new Logger(NaiveSignIn.name);
  private readonly sessions = new Map<string, string>();

  constructor(@Inject(ME_URL) private readonly meUrl: string) {}

  @Post('sign-in')
  async signIn(@Body() { accessToken, user }: AuthResult, @Headers('authorization') header: string): Promise<object> {
    const token = accessToken ?? header.replace('Bearer ', '');
    this.logger.log(`sign-in ${JSON.stringify({ accessToken: token, user })}`);
    if (!this.sessions.has(token)) {
      try {
        const response = await fetch(this.meUrl, { headers: { authorization: `Bearer ${token}` } });
        if (!response.ok) throw new Error(`${response.status}`);
        this.sessions.set(token, token);
      } catch {
        throw new UnauthorizedException();
      }
    }
    return { uid: user.uid };
  }
}
