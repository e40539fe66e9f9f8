import { Bench } from '../emulator.fixture.js';

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);

describe('rewarded ads', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  it.each([
    ['granted', ISO, null],
    ['revoked', null, ISO],
    ['failed', null, null],
    [null, null, null],
  ] as const)('made with status %s show it', async (status, granted, revoked) => {
    const { uid } = await bench.pi.createPioneer();
    const { adId } = (await bench.control('POST', '/ads', { uid, status })).body;
    const answer = await bench.key('GET', `/ads_network/status/${adId}`);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        identifier: adId,
        mediator_ack_status: status,
        mediator_granted_at: granted,
        mediator_revoked_at: revoked,
      },
    ]);
  });

  it('are decided later, and revoked after that', async () => {
    const { uid } = await bench.pi.createPioneer();
    const { adId } = await bench.pi.createAd({ uid, status: null });
    const show = async (): Promise<unknown> => (await bench.key('GET', `/ads_network/status/${adId}`)).body;
    await bench.control('PATCH', `/ads/${adId}`, { status: 'granted' });
    expect(await show()).toMatchObject({ mediator_ack_status: 'granted', mediator_granted_at: ISO });
    await bench.control('PATCH', `/ads/${adId}`, { status: 'revoked' });
    expect(await show()).toMatchObject({
      mediator_ack_status: 'revoked',
      mediator_granted_at: ISO,
      mediator_revoked_at: ISO,
    });
  });

  it('are unknown when nobody watched them', async () => {
    const { status, body } = await bench.key('GET', '/ads_network/status/nothing');
    expect([status, body.error]).toEqual([404, 'ad_not_found']);
  });
});
