import { Logger } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import type { PiAuthService, PiModuleOptions } from 'nestjs-pi';
import { outcomeOf, startSignIn } from '../../../../test/support/sign-in.js';
import { StagedMe } from '../../../../test/support/staged-me.js';
import type { StagedAnswer } from '../../../../test/support/staged-me.js';

describe('while no token can be verified', () => {
  let pi: StagedMe;
  let app: INestApplicationContext;
  let auth: PiAuthService;
  const said: string[] = [];

  const start = async (options: Partial<PiModuleOptions> = {}) => {
    ({ app, auth } = await startSignIn(pi, {}, options));
    said.length = 0;
  };
  beforeEach(async () => {
    pi = await StagedMe.start();
    for (const level of ['log', 'warn', 'error'] as const) {
      jest.spyOn(Logger.prototype, level).mockImplementation((...texts: unknown[]) => void said.push(texts.join(' ')));
    }
  });
  afterEach(async () => {
    await app.close();
    await pi.stop();
    jest.restoreAllMocks();
  });

  const user = (fields: object) => ({ ...(StagedMe.accept('t').body as object), ...fields });
  const cases: [string, StagedAnswer | undefined, RegExp][] = [
    ['nobody listens there', undefined, /ECONNREFUSED.*127\.0\.0\.1:1/],
    ['the address is wrong: a page, 404', { status: 404, body: '<html>' }, /404/],
    ['it redirects', { status: 302, headers: { location: 'https://elsewhere.example/' } }, /redirect/i],
    ['something before Pi says no', { status: 403, body: {} }, /403/],
    ['it answers a page', { status: 200, body: '<html>' }, /not JSON|an object/],
    ['it answers no user', { status: 200, body: {} }, /credentials/],
    [
      'it answers a user without a name',
      { status: 200, body: user({ uid: '' }) },
      /uid has to be a string that is not/,
    ],
  ];
  it.each(cases)('the log says why, once, and the client gets 503: %s', async (_title, answer, why) => {
    if (answer) pi.behaviour = () => answer;
    await start(answer ? {} : { platformUrl: 'http://127.0.0.1:1/v2' });
    for (const token of ['very_secret_token', 'b', 'c', 'd']) {
      const error = await outcomeOf(auth.verify(token));
      expect(error).toMatchObject({ code: 'PI_UNAVAILABLE', message: expect.not.stringContaining('127.0.0.1') });
    }
    const lines = said.filter((line) => why.test(line));
    expect(lines).toHaveLength(1);
    expect(said.join('\n')).not.toContain('very_secret_token');
  });
});
