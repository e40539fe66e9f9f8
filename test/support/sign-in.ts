import type { INestApplicationContext, Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { PiAuthService, PiModule } from 'nestjs-pi';
import type { PiAuthOptions, PiModuleOptions } from 'nestjs-pi';
import type { StagedMe } from './staged-me.js';

/** An app that only signs in, against a staged `/me`. */
export async function startSignIn(
  pi: StagedMe,
  auth: PiAuthOptions = {},
  options: Partial<PiModuleOptions> = {},
  providers: Provider[] = [],
): Promise<{ app: INestApplicationContext; auth: PiAuthService }> {
  const module = PiModule.forRoot({
    apiKey: 'key',
    network: 'testnet',
    platformUrl: pi.platformUrl,
    // However long a busy machine takes: what is held shut does not time out.
    http: { timeoutMs: 60_000, retries: 0 },
    auth,
    ...options,
  });
  const app = await (await Test.createTestingModule({ imports: [module], providers }).compile()).init();
  return { app, auth: app.get(PiAuthService) };
}

/** `'accepted'`, or the error. */
export const outcomeOf = (verification: Promise<unknown>): Promise<unknown> =>
  verification.then(
    () => 'accepted',
    (error: unknown) => error,
  );
