import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { A2UService, PiLedger, type Payout } from 'nestjs-pi';
import { PiEmulator, type EmulatedPioneer } from 'pi-emulator';
import ts from 'typescript';
import { createPostgres, run, type TestDatabase } from './support/database.js';
import { inEnvironment } from './support/environment.js';

const root = resolve(__dirname, '..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'libs/pi/README.md',
  'libs/pi-emulator/README.md',
].filter((page) => existsSync(join(root, page)));

function codeBlocks(page: string, language: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, code]) => code ?? '');
}

/** The code blocks of a page that import something of ours: whole samples, which a reader will copy. */
function samplesOf(page: string): Map<string, string> {
  const blocks = codeBlocks(page, 'ts(?:ypescript)?');
  const samples = blocks.filter((code) => /from '(nestjs-pi|pi-emulator)/.test(code));
  return new Map(samples.map((code, i) => [join(root, 'test', `${page.replaceAll(/\W/g, '-')}-${i}.ts`), code]));
}

function typeErrors(samples: Map<string, string>): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => samples.has(path) || fileExists(path);
  host.readFile = (path) => samples.get(path) ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) =>
    samples.has(path)
      ? ts.createSourceFile(path, samples.get(path) ?? '', language)
      : getSourceFile(path, language, ...rest);
  const program = ts.createProgram([...samples.keys()], options, host);
  return [...samples.keys()].flatMap((path) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
  );
}

/** What a sample exports, compiled as Nest compiles it. */
function exportsOf(sample: string): Record<string, Type> {
  const { outputText } = ts.transpileModule(sample, {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const exported: Record<string, Type> = {};
  // oxlint-disable-next-line typescript/no-implied-eval -- the documentation's code is our own
  new Function('require', 'exports', outputText)(require, exported);
  return exported;
}

describe('the documentation', () => {
  it('shows samples that type-check as they stand', () => {
    const samples = new Map(pages.flatMap((page) => [...samplesOf(page)]));
    expect(samples.size).toBeGreaterThan(0);
    expect(typeErrors(samples)).toEqual([]);
  }, 60_000);

  it.each(pages)('%s links to pages that exist', (page) => {
    const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)];
    const broken = links.map(([, link]) => link ?? '').filter((link) => !existsSync(join(root, dirname(page), link)));
    expect(broken).toEqual([]);
  });
});

describe("the README's samples, on the emulator", () => {
  let pi: PiEmulator;
  let amara: EmulatedPioneer;
  let database: TestDatabase & { url: string };
  let app: INestApplication | undefined;

  beforeAll(async () => {
    pi = await PiEmulator.start({ port: 0, ledgerMs: 50 });
    amara = await pi.createPioneer({ username: 'amara' });
    database = await createPostgres();
    await run(database.url, ...codeBlocks('README.md', 'sql'));
  });
  afterEach(() => app?.close());
  afterAll(async () => {
    await pi.stop();
    await database.drop();
  });

  /** An app of the README's own classes, in its order, set up by the environment alone. */
  async function boot(compose: (...samples: Record<string, Type>[]) => object): Promise<INestApplication> {
    const environment = {
      PI_API_KEY: pi.apiKey,
      PI_NETWORK: pi.network,
      PI_PLATFORM_URL: pi.platformUrl,
      PI_HORIZON_URL: pi.horizonUrl,
      PI_WALLET_PRIVATE_SEED: pi.wallet.seed,
      DATABASE_URL: database.url,
    };
    return inEnvironment(async () => {
      const samples = [...samplesOf('README.md').values()].map(exportsOf);
      const module = await Test.createTestingModule(compose(...samples) as ModuleMetadata).compile();
      app = module.createNestApplication();
      await app.listen(0, '127.0.0.1');
      return app;
    }, environment);
  }

  async function ask(path: string, body?: object): Promise<unknown[]> {
    const headers = { authorization: `Bearer ${amara.accessToken}`, 'content-type': 'application/json' };
    const answer = await fetch(
      `${await app?.getUrl()}${path}`,
      body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers },
    );
    return [answer.status, await answer.json()];
  }

  it('sign a Pioneer in', async () => {
    await boot((start, signIn) => ({ imports: [start?.['AppModule']], controllers: [signIn?.['ProfileController']] }));
    expect(await ask('/profile')).toEqual([200, { uid: amara.uid, name: 'amara' }]);
  });

  it('take a payment of the right amount', async () => {
    const shop = await boot((_start, _signIn, payments) => ({ imports: [payments?.['AppModule']] }));
    const flatWhite = { memo: 'Flat white', metadata: { productId: 'flat-white' } };
    const { identifier: tooCheap } = await pi.createPayment(amara.uid, { ...flatWhite, amount: '0.1' });
    expect(await ask('/pi_payment/approve', { paymentId: tooCheap })).toMatchObject([409, { statusCode: 409 }]);
    await pi.userCancel(tooCheap);

    const { identifier: paymentId } = await pi.createPayment(amara.uid, { ...flatWhite, amount: '1.5' });
    expect(await ask('/pi_payment/approve', { paymentId })).toEqual([200, { paymentId, status: 'approved' }]);
    const { txid: transactionId } = await pi.signPayment(paymentId);
    const completed = await ask('/pi_payment/complete', { paymentId, transactionId });
    expect(completed).toEqual([200, { paymentId, status: 'delivered' }]);
    const orders = await shop.get(PiLedger).transaction(async (tx) => (await tx.query('SELECT * FROM orders')).rows);
    expect(orders).toEqual([{ payment_id: paymentId, uid: amara.uid }]);
  });

  it('reward an ad', async () => {
    let Rewards: Type<{ reward(adId: string, uid: string): Promise<Payout> }> | undefined;
    const shop = await boot((_start, _signIn, payments, rewards) => {
      Rewards = rewards?.['Rewards'];
      return { imports: [payments?.['AppModule']], providers: [Rewards] };
    });
    const { adId } = await pi.createAd({ uid: amara.uid, status: 'granted' });
    const { id } = await shop.get(Rewards!).reward(adId, amara.uid);
    expect(await shop.get(A2UService).whenSettled(id)).toMatchObject({ state: 'completed', uid: amara.uid });
  });
});
