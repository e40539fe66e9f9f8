import { Injectable, Module, Scope, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { OnPiPayment, PiConfigurationError, PiModule, type PiApproval } from 'nestjs-pi';
import { createPostgres, type TestDatabase } from '../../../../test/support/database.js';

jest.setTimeout(60_000);

@Injectable()
class Approves {
  @OnPiPayment('approve')
  approve(): PiApproval {
    return { amount: '1' };
  }
}

@Injectable()
class Delivers {
  @OnPiPayment('completed')
  async deliver(): Promise<void> {}
}

@Injectable()
class AlsoApproves {
  @OnPiPayment('approve')
  asWell(): PiApproval {
    return { amount: '2' };
  }
}

@Injectable({ scope: Scope.REQUEST })
class DeliversPerRequest {
  @OnPiPayment('completed')
  async deliver(): Promise<void> {}
}

@Injectable({ scope: Scope.REQUEST })
class OfTheRequest {}

@Injectable()
class DependsOnRequest {
  constructor(readonly perRequest: OfTheRequest) {}
  @OnPiPayment('completed')
  async deliver(): Promise<void> {}
}
@Injectable()
class OfTheMarket {
  @OnPiPayment('approve', { app: 'market' })
  approve(): PiApproval {
    return { amount: '1' };
  }
  @OnPiPayment('completed', { app: 'market' })
  async deliver(): Promise<void> {}
}

@Injectable()
class ForAll {
  @OnPiPayment('approve')
  @OnPiPayment('approve', { app: 'market' })
  approve(): PiApproval {
    return { amount: '1' };
  }
  @OnPiPayment('completed')
  @OnPiPayment('completed', { app: 'market' })
  async deliver(): Promise<void> {}
}

const OPTIONS = {
  apiKey: 'emulated_key',
  network: 'testnet',
  platformUrl: 'http://127.0.0.1:9',
  horizonUrl: 'http://127.0.0.1:9',
} as const;

describe('Handlers of payments, when the app starts', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createPostgres();
  });
  afterEach(() => database.drop());

  type App = { name?: string; controller?: boolean; ledger?: boolean };

  /** Starts an app and gives the message of the error it refuses to start with. */
  async function start(apps: App[], providers: Provider[], more: ModuleMetadata = {}): Promise<string | undefined> {
    const imports = apps.map(({ name, controller = false, ledger = true }) =>
      PiModule.forRoot({
        ...OPTIONS,
        ...(ledger && { ledger: database.ledger }),
        ...(name && { name }),
        paymentsController: controller ? { path: `pi_payment${name ?? ''}` } : false,
      }),
    );
    const testing = await Test.createTestingModule({
      imports: [...imports, ...(more.imports ?? [])],
      providers,
    }).compile();
    const app = testing.createNestApplication();
    const error = await app.init().then(
      () => undefined,
      (error: unknown) => error,
    );
    await app.close().catch(() => undefined);
    if (error !== undefined && !(error instanceof PiConfigurationError)) throw error;
    return error?.message;
  }

  const fine: [string, App[], Provider[]][] = [
    ['an app that takes no payments', [{}], []],
    ['a shop with both handlers', [{ controller: true }], [Approves, Delivers]],
    [
      'a shop whose class is provided under a second token',
      [{}],
      [Approves, Delivers, { provide: 'alias', useExisting: Delivers }],
    ],
    ['a plain client that says what a payment has to be', [{ ledger: false }], [Approves]],
    [
      'handlers built by a factory',
      [{ controller: true }],
      [{ provide: 'both', useFactory: () => new Approves() }, Delivers],
    ],
  ];
  it.each(fine)('are fine in %s', async (_what, apps, providers) => {
    expect(await start(apps, providers)).toBeUndefined();
  });

  const wrong: [string, App[], Provider[], RegExp[]][] = [
    [
      'nothing behind the controller',
      [{ controller: true }],
      [],
      [/nothing handles 'approve'/, /nothing handles 'completed'/],
    ],
    [
      'no delivery',
      [{}],
      [Approves],
      [/takes payments, but nothing handles 'completed'[^]*Fix: .*@OnPiPayment\('completed'\)/],
    ],
    ['no approval', [{ controller: true }], [Delivers], [/nothing handles 'approve'/]],
    [
      'two for one event',
      [{}],
      [Approves, AlsoApproves, Delivers],
      [/'approve' of the Pi app is handled 2 times: Approves\.approve, AlsoApproves\.asWell/],
    ],
    [
      'a request-scoped one',
      [{}],
      [Approves, DeliversPerRequest],
      [/DeliversPerRequest\.deliver handles 'completed', but its class is request-scoped/],
    ],
    [
      'one that depends on the request',
      [{}],
      [Approves, DependsOnRequest, OfTheRequest],
      [/DependsOnRequest\.deliver .* request-scoped/],
    ],
    [
      'one of an app nobody registered',
      [{}],
      [Approves, Delivers, OfTheMarket],
      [/OfTheMarket\.approve handles 'approve' of the Pi app "market", which is not registered/],
    ],
    [
      'a delivery without a ledger',
      [{ ledger: false }],
      [Approves, Delivers],
      [/Delivers\.deliver \('completed'\) of the Pi app need a journal of payments[^]*"ledger"/],
    ],
    [
      'the controller without a ledger',
      [{ ledger: false, controller: true }],
      [Approves],
      [/PiPaymentsController of the Pi app need a journal/],
    ],
  ];
  it.each(wrong)('are refused when there is %s', async (_what, apps, providers, patterns) => {
    const message = await start(apps, providers);
    for (const pattern of patterns) expect(message).toMatch(pattern);
  });

  it('of one class provided by two modules are two', async () => {
    const copy = (): Type => {
      class Copy {}
      Module({ providers: [Delivers] })(Copy);
      return Copy;
    };
    expect(await start([{}], [Approves], { imports: [copy(), copy()] })).toMatch(
      /'completed' of the Pi app is handled 2 times/,
    );
  });

  it.each([
    ['by classes of their own', [Approves, Delivers, OfTheMarket]],
    ['by methods marked for both', [ForAll]],
  ])('serve two Pi apps on one database %s', async (_how, providers) => {
    expect(await start([{ controller: true }, { name: 'market', controller: true }], providers)).toBeUndefined();
  });

  it('are looked for in each Pi app by itself', async () => {
    const message = await start([{ controller: true }, { name: 'market', controller: true }], [Approves, Delivers]);
    expect(message).toMatch(/the Pi app "market" takes payments, but nothing handles 'approve'/);
  });
});
