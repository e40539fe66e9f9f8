import { Controller, Get, Logger, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { PiAuthGuard, PiAuthService, PiModule, PiPlatformClient, PiUser } from 'nestjs-pi';
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { ADAPTERS, listen } from '../../../../test/support/adapters.js';
import { eventually } from '../../../../test/support/eventually.js';
import { outcomeOf, startSignIn } from '../../../../test/support/sign-in.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

@Controller()
@UseGuards(PiAuthGuard)
class Routes {
  @Get('me')
  me(@PiUser('uid') uid: string) {
    return { uid };
  }
}

let pi: StagedMe;
beforeEach(async () => {
  pi = await StagedMe.start();
});
afterEach(() => pi.stop());

describe.each(ADAPTERS)(
  'a client that pipelines requests with cold tokens over one connection of %s',
  (_name, Adapter) => {
    let app: INestApplication;
    let socket: Socket;
    let theirs: Socket;
    let usual: number;
    let heard: string;
    let checks: jest.SpiedFunction<PiAuthService['verify']>;
    beforeEach(async () => {
      const { platformUrl } = pi;
      const auth = { concurrentChecks: 1 };
      const module = PiModule.forRoot({ apiKey: 'key', network: 'testnet', platformUrl, http: { retries: 0 }, auth });
      let url: string;
      ({ app, url } = await listen(Adapter, { imports: [module], controllers: [Routes] }));
      checks = jest.spyOn(app.get(PiAuthService), 'verify');
      const accepted = new Promise<Socket>((found) => (app.getHttpServer() as Server).once('connection', found));
      socket = connect(Number(new URL(url).port), '127.0.0.1');
      heard = '';
      socket.on('data', (data) => (heard += String(data)));
      theirs = await accepted;
      usual = theirs.listenerCount('close');
      pi.behaviour = () => 'hold';
      for (let i = 0; i < 15; i += 1)
        socket.write(`GET /me HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer pipelined${i}\r\n\r\n`);
      await eventually(() => checks.mock.calls.length === 15 && pi.open === 1);
    });
    afterEach(async () => {
      socket.destroy();
      await app.close();
    });

    it('piles up no listeners on it (Node warns of a leak from 11 on), and leaves none', async () => {
      expect(theirs.listenerCount('close') - usual).toBeLessThanOrEqual(10);
      pi.behaviour = StagedMe.accept;
      pi.release();
      await eventually(() => heard.split('HTTP/1.1 200').length - 1 === 15);
      expect(theirs.listenerCount('close')).toBeLessThanOrEqual(usual);
    });

    it('takes all of its checks with it when it hangs up', async () => {
      socket.destroy();
      for (const { value } of checks.mock.results) await expect(value).rejects.toThrow('The client has gone.');
      pi.behaviour = StagedMe.accept;
      pi.release();
      await eventually(() => pi.open === 0);
      expect(pi.calls).toEqual(['pipelined0']);
    });
  },
);

it.each([2, 4])('calls of /me held shut leave some of %i connections for the payments', async (connections) => {
  const { app, auth } = await startSignIn(pi, {}, { http: { connections, retries: 0 } });
  pi.behaviour = (token) => (token.startsWith('Key') ? { status: 404, body: {} } : 'hold');
  const flood = Array.from({ length: 20 }, (_, i) => outcomeOf(auth.verify(`invented${i}`)));
  await eventually(() => pi.open === connections / 2);
  const asked = await outcomeOf(app.get(PiPlatformClient).getPayment('x'.repeat(28)));
  expect(asked).toMatchObject({ code: 'PI_NOT_FOUND' });
  pi.behaviour = StagedMe.accept;
  pi.release();
  await Promise.all(flood);
  await app.close();
});

it('calls of /me that nobody waits for any more do not hold up the end of an app', async () => {
  const warnings = jest.spyOn(Logger.prototype, 'warn');
  const calls = jest.spyOn(PiPlatformClient.prototype, 'me');
  const { app, auth } = await startSignIn(pi);
  pi.behaviour = () => 'hold';
  const gone = new AbortController();
  setMaxListeners(0, gone.signal);
  const checks = Array.from({ length: 16 }, (_, i) => outcomeOf(auth.verify(`gone${i}`, { signal: gone.signal })));
  await eventually(() => pi.open === 16);
  gone.abort();
  await Promise.all(checks);
  warnings.mockClear();
  await app.close();
  expect(warnings).not.toHaveBeenCalled();
  await eventually(() => pi.aborted === 16);
  // Node warns of a leak from 11 listeners on; its own getMaxListeners does not know the signals of Jest's realm.
  const signal = calls.mock.calls[0]![1]!.signal!;
  const limit = Object.getOwnPropertySymbols(signal).find(({ description }) =>
    description!.endsWith('maxEventTargetListeners'),
  );
  expect(Reflect.get(signal, limit!)).toBe(0);
  jest.restoreAllMocks();
});

it.each(ADAPTERS)(
  'requests that wait for their turn do not hold up the end of an app on %s',
  async (_name, Adapter) => {
    const auth = { concurrentChecks: 1 };
    const module = PiModule.forRoot({ apiKey: 'key', network: 'testnet', platformUrl: pi.platformUrl, auth });
    const { app, url } = await listen(Adapter, { imports: [module], controllers: [Routes] });
    pi.behaviour = () => 'hold';
    const ask = (token: string) =>
      fetch(`${url}/me`, { headers: { authorization: `Bearer ${token}`, connection: 'close' } });
    const first = ask('first');
    await eventually(() => pi.open === 1);
    const checks = jest.spyOn(app.get(PiAuthService), 'verify');
    const waiting = ask('second');
    await eventually(() => checks.mock.calls.length === 1);
    const closed = app.close();
    expect((await waiting).status).toBe(503);
    pi.behaviour = StagedMe.accept;
    pi.release();
    expect((await first).status).toBe(200);
    await closed;
    expect(pi.calls).toEqual(['first']);
  },
);
