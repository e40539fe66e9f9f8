import { Controller, Get, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { PiApp, PiAuthGuard, PiAuthService, PiModule, PiUser, getPiToken } from 'nestjs-pi';
import type { PiModuleOptions } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import { connect } from 'node:http2';
import { ADAPTERS, listen } from '../../../../test/support/adapters.js';
import { eventually } from '../../../../test/support/eventually.js';
import { StagedMe } from '../../../../test/support/staged-me.js';

let running: INestApplication | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

describe('PiAuthGuard with several Pi apps', () => {
  let url: string;
  let emulator: PiEmulator;
  let mainnet: PiEmulator;
  const optionsOf = ({ apiKey, network, platformUrl }: PiEmulator): PiModuleOptions => ({
    apiKey,
    network,
    platformUrl,
  });
  beforeAll(async () => {
    emulator = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
    mainnet = await PiEmulator.start({ port: 0, ledgerMs: 'manual', network: 'mainnet' });
  });
  afterAll(() => Promise.all([mainnet.stop(), emulator.stop()]));

  @Controller()
  @UseGuards(PiAuthGuard)
  class Shops {
    @Get('unnamed')
    unnamed(@PiUser('uid') uid: string) {
      return { uid };
    }
    @Get('main')
    @PiApp('main')
    main(@PiUser('uid') uid: string) {
      return { uid };
    }
    @Get('nobody')
    @PiApp('nobody')
    nobody(@PiUser('uid') uid: string) {
      return { uid };
    }
  }

  const status = async (path: string, token: string) =>
    (await fetch(`${url}/${path}`, { headers: { authorization: `Bearer ${token}` } })).status;

  it.each<[string, boolean]>([
    ['beside an unnamed one', true],
    ['alone', false],
  ])('asks the app that @PiApp names, %s', async (_title, withUnnamed) => {
    const imports = [
      PiModule.forRoot({ ...optionsOf(mainnet), name: 'main' }),
      ...(withUnnamed ? [PiModule.forRoot(optionsOf(emulator))] : []),
    ];
    ({ app: running, url } = await listen(ADAPTERS[0][1], { imports, controllers: [Shops] }));
    running.useLogger(false);
    const here = await emulator.createPioneer({});
    const there = await mainnet.createPioneer({});
    for (const _ of ['cold', 'cached']) {
      expect(await status('main', there.accessToken)).toBe(200);
      expect(await status('main', here.accessToken)).toBe(401);
      expect(await status('unnamed', here.accessToken)).toBe(withUnnamed ? 200 : 500);
      expect(await status('unnamed', there.accessToken)).toBe(withUnnamed ? 401 : 500);
      expect(await status('nobody', there.accessToken)).toBe(500);
    }
    const service = running.get<PiAuthService>(getPiToken(PiAuthService, 'main'));
    expect(service.peek(there.accessToken)?.uid).toBe(there.uid);
    expect(running.get(PiAuthService).forApp('main')).toBe(service);
  });
});

@Controller()
@UseGuards(PiAuthGuard)
class Routes {
  @Get('me')
  me(@PiUser('uid') uid: string) {
    return { uid };
  }
}

describe('PiAuthGuard over HTTP/2', () => {
  it('a stream that is closed gives up its own check, not those of others on the same connection', async () => {
    const pi = await StagedMe.start();
    pi.behaviour = () => 'hold';
    const { platformUrl } = pi;
    const auth = { concurrentChecks: 1 };
    const imports = [PiModule.forRoot({ apiKey: 'key', network: 'testnet', platformUrl, auth })];
    const testing = await Test.createTestingModule({ imports, controllers: [Routes] }).compile();
    const checks = jest.spyOn(testing.get(PiAuthService), 'verify');
    running = testing.createNestApplication(new FastifyAdapter({ http2: true } as never));
    await running.listen(0, '127.0.0.1');
    const session = connect(await running.getUrl());
    const open = (token: string) =>
      session.request({ ':path': '/me', authorization: `Bearer ${token}` }).on('error', () => undefined);
    open('first');
    await eventually(() => pi.open === 1);
    const leaves = open('leaves');
    await eventually(() => checks.mock.calls.length === 2);
    const stays = open('stays');
    await eventually(() => checks.mock.calls.length === 3);
    leaves.close();
    await expect(checks.mock.results[1]!.value).rejects.toThrow('The client has gone.');
    const status = new Promise((answered) => stays.once('response', (headers) => answered(headers[':status'])));
    stays.resume();
    pi.behaviour = StagedMe.accept;
    pi.release();
    expect(await status).toBe(200);
    expect(pi.calls).toEqual(['first', 'stays']);
    session.destroy();
    await pi.stop();
  });
});
