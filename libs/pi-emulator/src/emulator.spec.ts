import { PiEmulator } from 'pi-emulator';

describe('PiEmulator', () => {
  let pi: PiEmulator;
  beforeEach(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
  });
  afterEach(() => pi.stop());

  it('tells who a token belongs to', async () => {
    const pioneer = await pi.createPioneer({ username: 'amara', scopes: ['username'] });
    const answer = await fetch(`${pi.platformUrl}/me`, { headers: { authorization: `Bearer ${pioneer.accessToken}` } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ uid: pioneer.uid, username: 'amara', app_id: pi.appId });
  });

  it('refuses an unknown token with an empty 401', async () => {
    const answer = await fetch(`${pi.platformUrl}/me`, { headers: { authorization: 'Bearer emulated_token_nobody' } });
    expect([answer.status, await answer.text()]).toEqual([401, '']);
  });
});
