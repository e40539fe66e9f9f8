import { type Answer, Bench } from '../emulator.fixture.js';

describe('in-app notifications', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  const NOTE = { title: 'Your order', body: 'It is on its way', subroute: '/orders/1' };
  const reader = async (): Promise<string> =>
    (await bench.pi.createPioneer({ scopes: ['username', 'in_app_notifications'] })).uid;
  const notify = (notifications: unknown): Promise<Answer> =>
    bench.key('POST', '/in_app_notifications/notify', { notifications });

  it('are delivered to who granted the scope; the others are missing without a word', async () => {
    const user_uid = await reader();
    const { uid: deaf } = await bench.pi.createPioneer();
    const { status, body } = await notify([
      { ...NOTE, user_uid },
      { ...NOTE, user_uid: deaf },
      { ...NOTE, user_uid: 'nobody' },
    ]);
    expect([status, body]).toEqual([
      201,
      {
        success: true,
        delivered_notifications: [{ id: expect.any(String), ...NOTE, user_uid, seen_at: null, dismissed_at: null }],
      },
    ]);
    expect(bench.pi.notifications()).toMatchObject(body.delivered_notifications);
  });

  const of = (count: number, user_uid: string): object[] =>
    Array.from({ length: count }, () => ({ ...NOTE, user_uid }));

  it.each<[string, number, () => Promise<unknown>]>([
    ['no list', 422, async () => undefined],
    ['an empty list', 422, async () => []],
    ['no title', 422, async () => [{ ...NOTE, title: undefined, user_uid: await reader() }]],
    ['no body', 422, async () => [{ ...NOTE, body: '', user_uid: await reader() }]],
    ['no user', 422, async () => [NOTE]],
    ['a subroute without a slash', 422, async () => [{ ...NOTE, subroute: 'orders', user_uid: await reader() }]],
    ['257 in one request', 400, async () => of(257, 'nobody')],
    ['49 to one user', 403, async () => of(49, await reader())],
  ])('are refused with %s: %i, in an envelope of their own', async (_case, status, list) => {
    const answer = await notify(await list());
    expect([answer.status, answer.body]).toEqual([status, { error: expect.any(String) }]);
  });

  it('count what a user got in 24 hours, and deliver nothing of a request over the quota', async () => {
    const user_uid = await reader();
    expect((await notify(of(47, user_uid))).status).toBe(201);
    expect((await notify(of(2, user_uid))).status).toBe(403);
    expect((await notify(of(1, user_uid))).status).toBe(201);
    expect((await notify(of(1, user_uid))).status).toBe(403);
  });

  it('take 256 at once', async () => {
    expect((await notify(of(256, 'nobody'))).status).toBe(403);
    const { body } = await notify(
      Array.from({ length: 256 }, (_, index) => ({ ...NOTE, user_uid: `nobody ${index}` })),
    );
    expect(body).toEqual({ success: true, delivered_notifications: [] });
  });

  it('need the server API key', async () => {
    const answer = await bench.key('POST', '/in_app_notifications/notify', {}, { authorization: 'Key emulated_wrong' });
    expect([answer.status, answer.body]).toEqual([401, { error: expect.any(String) }]);
  });
});
