import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { NotificationsService, PiModule, type PiNotification } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';

jest.setTimeout(30_000);

describe('Notifications', () => {
  let pi: PiEmulator;
  let app: INestApplication;
  let notifications: NotificationsService;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0 });
    const { apiKey, platformUrl, horizonUrl } = pi;
    const imports = [PiModule.forRoot({ apiKey, platformUrl, horizonUrl, network: 'testnet' })];
    app = (await Test.createTestingModule({ imports }).compile()).createNestApplication();
    await app.init();
    notifications = app.get(NotificationsService);
  });
  afterEach(() => void pi.clearFaults());
  afterAll(async () => {
    await app?.close();
    await pi?.stop();
  });

  const reader = async () => (await pi.createPioneer({ scopes: ['username', 'in_app_notifications'] })).uid;
  const note = (uid: string, title = 'Your mug'): PiNotification => ({
    uid,
    title,
    body: 'is on its way',
    subroute: '/orders',
  });
  const requests = () => pi.journal({ path: '/v2/in_app_notifications/notify' }).length;

  it('are delivered, with the identifier Pi gave them', async () => {
    const uid = await reader();
    const { delivered, undelivered } = await notifications.notify([note(uid)]);
    expect(delivered).toEqual([{ ...note(uid), id: expect.any(String) }]);
    expect(undelivered).toEqual([]);
  });

  it('that Pi leaves out are reported, equal ones counted one by one', async () => {
    const willing = await reader();
    const { uid: unwilling } = await pi.createPioneer({ scopes: ['username'] });
    const report = await notifications.notify([note(willing), note(unwilling), note(willing), note(unwilling)]);
    expect(report.delivered.map(({ uid }) => uid)).toEqual([willing, willing]);
    expect(new Set(report.delivered.map(({ id }) => id)).size).toBe(2);
    expect(report.undelivered).toEqual([{ notification: note(unwilling) }, { notification: note(unwilling) }]);
  });

  it('go out 256 a request', async () => {
    const uids = await Promise.all(Array.from({ length: 20 }, reader));
    const before = requests();
    const many = Array.from({ length: 600 }, (_, index) => note(uids[index % 20] as string, `Mug ${index}`));
    const { delivered } = await notifications.notify(many);
    expect(requests() - before).toBe(3);
    expect(delivered).toHaveLength(600);
  });

  it('of a later request that Pi refuses are reported with the error, and those after it still go out', async () => {
    const uids = await Promise.all(Array.from({ length: 12 }, reader));
    const greedy = await reader();
    // Three requests; the second is all for one Pioneer, far beyond the 48 a day.
    const many = Array.from({ length: 3 * 256 }, (_, index) => {
      const uid = index >= 256 && index < 512 ? greedy : (uids[index % 12] as string);
      return note(uid, `Cup ${index}`);
    });
    const report = await notifications.notify(many);
    expect(report.delivered).toHaveLength(2 * 256);
    expect(report.undelivered).toHaveLength(256);
    for (const { notification, error } of report.undelivered) {
      expect({ uid: notification.uid, error }).toMatchObject({ uid: greedy, error: { platformStatus: 403 } });
    }
  });

  it('whose first request fails are an error, and are not sent again blindly', async () => {
    const uid = await reader();
    const before = requests();
    pi.addFault({ match: { path: '/v2/in_app_notifications/notify' }, fault: 'error', status: 500, times: 1 });
    await expect(notifications.notify([note(uid)])).rejects.toMatchObject({ code: 'PI_UNAVAILABLE' });
    expect(requests() - before).toBe(1);
  });

  it('of nobody ask Pi nothing', async () => {
    const before = requests();
    expect(await notifications.notify([])).toEqual({ delivered: [], undelivered: [] });
    expect(requests()).toBe(before);
  });

  it.each([
    [
      'a subroute that leaves the app',
      { subroute: 'https://example.com' },
      /has the subroute "https:\/\/example\.com"/,
    ],
    ['no title', { title: ' ' }, /Notification 2 has no title/],
    ['no uid', { uid: '' }, /has no uid/],
  ])('with %s are refused before anything is sent', async (_what, fault, message) => {
    const uid = await reader();
    const before = requests();
    await expect(notifications.notify([note(uid), { ...note(uid), ...fault }])).rejects.toThrow(message);
    expect(requests()).toBe(before);
  });
});
