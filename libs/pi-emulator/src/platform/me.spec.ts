import { Bench } from '../emulator.fixture.js';

describe('GET /v2/me', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  it('describes the Pioneer a token belongs to', async () => {
    const scopes = ['username', 'payments', 'a_scope_of_tomorrow'];
    const pioneer = await bench.pi.createPioneer({ username: 'amara', scopes, tokenTtlMs: 60_000 });
    const { status, body } = await bench.me(pioneer.accessToken);
    const validUntil = Date.parse(body.credentials.valid_until.iso8601);
    expect([status, body]).toEqual([
      200,
      {
        uid: pioneer.uid,
        username: 'amara',
        credentials: {
          scopes,
          valid_until: { timestamp: Math.floor(validUntil / 1000), iso8601: new Date(validUntil).toISOString() },
        },
        app_id: bench.pi.appId,
        receiving_email: false,
      },
    ]);
    expect(validUntil - Date.now()).toBeGreaterThan(50_000);
    expect(validUntil - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it('keeps the username back without its scope', async () => {
    const { accessToken } = await bench.pi.createPioneer({ scopes: ['payments'] });
    expect((await bench.me(accessToken)).body).not.toHaveProperty('username');
  });

  it('takes the scheme in any case', async () => {
    const { accessToken } = await bench.pi.createPioneer();
    expect((await bench.me(accessToken, 'bEARER')).status).toBe(200);
  });

  it('shows a token of another app as good, and whose it is', async () => {
    const { accessToken } = await bench.pi.createPioneer({ appId: 'another-app' });
    const { status, body } = await bench.me(accessToken);
    expect([status, body.app_id]).toEqual([200, 'another-app']);
  });

  it('shows documented fields only when told so', async () => {
    const strict = await Bench.start({ undocumentedFields: false });
    const { accessToken } = await strict.pi.createPioneer({ username: 'amara' });
    expect(Object.keys((await strict.me(accessToken)).body).toSorted()).toEqual(['credentials', 'uid', 'username']);
    await strict.stop();
  });

  describe('answers 401 without a body to', () => {
    it.each<[string, () => Promise<string>]>([
      ['an unknown token', async () => 'Bearer emulated_token_unknown'],
      ['no header', async () => ''],
      ['a scheme without a token', async () => 'Bearer'],
      ['the server API key', async () => `Key ${bench.pi.apiKey}`],
      ['a token as a key', async () => `Key ${(await bench.pi.createPioneer()).accessToken}`],
      ['an expired token', async () => `Bearer ${(await bench.pi.createPioneer({ tokenTtlMs: -1 })).accessToken}`],
      [
        'a token that was ended',
        async () => {
          const { uid, accessToken } = await bench.pi.createPioneer();
          expect(await bench.pi.endTokens(uid)).toEqual({ ended: 1 });
          return `Bearer ${accessToken}`;
        },
      ],
      [
        'a token of a Pioneer who took consent back',
        async () => {
          const { uid, accessToken } = await bench.pi.createPioneer();
          await bench.pi.revokeApp(uid);
          return `Bearer ${accessToken}`;
        },
      ],
    ])('%s', async (_case, authorization) => {
      const { status, text } = await bench.call('GET', '/v2/me', undefined, { authorization: await authorization() });
      expect([status, text]).toEqual([401, '']);
    });
  });

  it('gives a further token, with more scopes', async () => {
    const { uid, accessToken } = await bench.pi.createPioneer({ scopes: ['username'] });
    const further = await bench.pi.issueToken(uid, { scopes: ['username', 'wallet_address'] });
    const scopesOf = async (token: string): Promise<unknown> => (await bench.me(token)).body.credentials.scopes;
    expect([await scopesOf(accessToken), await scopesOf(further.accessToken)]).toEqual([
      ['username'],
      ['username', 'wallet_address'],
    ]);
  });
});
