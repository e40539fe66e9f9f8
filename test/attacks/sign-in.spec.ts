import { Body, ConsoleLogger, Controller, Post, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { PiAuthGuard, PiModule, PiUser } from 'nestjs-pi';
import { PiEmulator } from 'pi-emulator';
import type { EmulatedPioneer } from 'pi-emulator';
import { inspect } from 'node:util';
import { ADAPTERS } from '../support/adapters.js';
import { eventually } from '../support/eventually.js';
import { ME_URL, NaiveSignIn } from './naive-sign-in.js';

jest.setTimeout(30_000);

@Controller('ours')
@UseGuards(PiAuthGuard)
class OurSignIn {
  @Post('sign-in')
  signIn(@PiUser('uid') uid: string, @Body() _body: object): object {
    return { uid };
  }
}

class Memory extends ConsoleLogger {
  readonly lines: string[] = [];
  protected override printMessages(...args: Parameters<ConsoleLogger['printMessages']>): void {
    this.lines.push(inspect(args, { depth: 10 }));
  }
}

/** What an attacker sees and does; the door is naive or ours. */
interface Door {
  readonly pi: PiEmulator;
  readonly victim: EmulatedPioneer;
  readonly attacker: EmulatedPioneer;
  readonly log: Memory;
  signIn(token: string, as: { uid: string }): Promise<{ status: number; uid?: string }>;
}

interface Attack {
  readonly name: string;
  succeeds(door: Door): Promise<boolean>;
}

const ATTACKS: readonly Attack[] = [
  {
    name: 'an account is taken over by naming its uid in the body',
    succeeds: async ({ victim, attacker, signIn }) => (await signIn(attacker.accessToken, victim)).uid === victim.uid,
  },
  {
    name: 'an account is taken over by naming its uid in the body, with a token that is already known',
    succeeds: async ({ victim, attacker, signIn }) => {
      await signIn(attacker.accessToken, attacker);
      return (await signIn(attacker.accessToken, victim)).uid === victim.uid;
    },
  },
  {
    name: 'a token issued to another app signs in here',
    succeeds: async ({ pi, signIn }) => {
      const gambler = await pi.createPioneer({ appId: 'casino' });
      return (await signIn(gambler.accessToken, gambler)).status === 201;
    },
  },
  {
    name: 'an outage of Pi signs everybody out',
    succeeds: async ({ pi, victim, signIn }) => {
      await pi.addFault({ match: { path: '/v2/me' }, fault: 'error', status: 500 });
      return (await signIn(victim.accessToken, victim)).status === 401;
    },
  },
  {
    name: 'a lost connection to Pi signs everybody out',
    succeeds: async ({ pi, victim, signIn }) => {
      await pi.addFault({ match: { path: '/v2/me' }, fault: 'drop_before' });
      return (await signIn(victim.accessToken, victim)).status === 401;
    },
  },
  {
    name: 'a token that has expired goes on opening',
    succeeds: async ({ pi, signIn }) => {
      const leaver = await pi.createPioneer({ tokenTtlMs: 1_500 });
      expect((await signIn(leaver.accessToken, leaver)).status).toBe(201);
      const gone = eventually(async () => (await signIn(leaver.accessToken, leaver)).status !== 201, {
        withinMs: 3_000,
      });
      return gone.then(
        () => false,
        () => true,
      );
    },
  },
  {
    name: 'an access token is read in the logs',
    succeeds: async ({ pi, log, attacker, victim, signIn }) => {
      await signIn(attacker.accessToken, attacker);
      await signIn('invented_token', attacker);
      await pi.addFault({ match: { path: '/v2/me' }, fault: 'malformed' });
      await signIn(victim.accessToken, victim);
      const tokens = [attacker.accessToken, victim.accessToken, 'invented_token'];
      return tokens.some((token) => log.lines.some((line) => line.includes(token)));
    },
  },
];

describe.each(ADAPTERS)('An attack on sign-in, on %s', (_name, Adapter) => {
  let pi: PiEmulator;
  let app: INestApplication;
  let log: Memory;

  const door = async (path: 'naive' | 'ours'): Promise<Door> => ({
    pi,
    log,
    victim: await pi.createPioneer({}),
    attacker: await pi.createPioneer({}),
    signIn: async (token, { uid }) => {
      const response = await fetch(`${await app.getUrl()}/${path}/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ accessToken: token, user: { uid, username: 'victim' } }),
      });
      return { ...((await response.json()) as object), status: response.status };
    },
  });

  beforeEach(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 'manual' });
    log = new Memory();
    log.setLogLevels(['verbose', 'debug', 'log', 'warn', 'error', 'fatal']);
    const { apiKey, network, appId, platformUrl } = pi;
    const testing = Test.createTestingModule({
      imports: [PiModule.forRoot({ apiKey, network, appId, platformUrl, http: { retries: 0 } })],
      controllers: [NaiveSignIn, OurSignIn],
      providers: [{ provide: ME_URL, useValue: `${platformUrl}/me` }],
    });
    app = (await testing.setLogger(log).compile()).createNestApplication(new Adapter());
    app.useLogger(log);
    await app.listen(0, '127.0.0.1');
  });
  afterEach(async () => {
    await app.close();
    await pi.stop();
  });

  it.each(ATTACKS)('$name: on naive code only', async ({ succeeds }) => {
    expect(await succeeds(await door('naive'))).toBe(true);
    pi.clearFaults();
    log.lines.length = 0;
    expect(await succeeds(await door('ours'))).toBe(false);
  });

  it('the honest Pioneer signs in at both doors', async () => {
    for (const path of ['naive', 'ours'] as const) {
      const { victim, signIn } = await door(path);
      expect(await signIn(victim.accessToken, victim)).toEqual({ status: 201, uid: victim.uid });
    }
  });
});
