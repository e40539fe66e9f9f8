import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { EmulatedPioneer, PiEmulator } from 'pi-emulator';
import { createPglite } from './database.js';
import { inEnvironment } from './environment.js';
import { AppModule } from '../../src/app.module.js';
import { listen } from '../../src/startup/listen.js';
import { startLocalPi } from '../../src/startup/local-pi.js';
import { setUp } from '../../src/startup/set-up.js';
import { ShopLogger } from '../../src/startup/shop-logger.js';

/** An answer of the shop: status and JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- compared as a whole by the specs
  readonly body: any;
}

/** The Corner Shop with an emulated Pi and an empty PGlite, in this process. */
export interface TestShop {
  readonly url: string;
  readonly pi: PiEmulator;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: object, headers?: Record<string, string>): Promise<Answer>;
  /** Everything from "buy" to "delivered", without a browser. @returns the payment's id */
  buy(pioneer: EmulatedPioneer, productId: string, amount: string): Promise<string>;
  dispose(): Promise<void>;
}

export const OPERATOR_KEY = 'the operator key of this test';
export const operator = { 'x-operator-key': OPERATOR_KEY };
export const bearer = ({ accessToken }: { accessToken: string }) => ({ authorization: `Bearer ${accessToken}` });

/** A data folder with an empty database in it, so that nobody waits for one to be made. */
export async function createDataDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'corner-shop-'));
  const database = await createPglite();
  await rename(database.directory, join(directory, 'database'));
  return directory;
}

export async function startTestShop(env: Record<string, string> = {}): Promise<TestShop> {
  const directory = await createDataDirectory();
  const { pi, app, url } = await inEnvironment(startShop, {
    PORT: '0',
    PI_EMULATOR_PORT: '0',
    PI_EMULATOR_LEDGER_MS: '80',
    PI_DATA_DIR: directory,
    OPERATOR_KEY,
    ...env,
  });

  async function ask(method: string, path: string, headers: Record<string, string>, body?: object): Promise<Answer> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: await (isJson ? response.json() : response.text()),
    };
  }
  const get: TestShop['get'] = (path, headers = {}) => ask('GET', path, headers);
  const post: TestShop['post'] = (path, body, headers = {}) => ask('POST', path, headers, body);

  return {
    url,
    pi,
    get,
    post,
    async buy(pioneer, productId, amount) {
      const { identifier: paymentId } = await pi.createPayment(pioneer.uid, {
        amount,
        memo: 'An order',
        metadata: { productId },
      });
      const approved = await post('/pi_payment/approve', { paymentId, accessToken: pioneer.accessToken });
      if (approved.status > 299)
        throw new Error(`approve answered ${approved.status} ${JSON.stringify(approved.body)}`);
      const { txid: transactionId } = await pi.signPayment(paymentId);
      const completed = await post('/pi_payment/complete', { paymentId, transactionId });
      if (completed.status > 299)
        throw new Error(`complete answered ${completed.status} ${JSON.stringify(completed.body)}`);
      return paymentId;
    },
    async dispose() {
      await app.close();
      await pi.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** As `src/main.ts` does it. */
async function startShop(): Promise<{ pi: PiEmulator; app: NestExpressApplication; url: string }> {
  const pi = await startLocalPi(process.env);
  if (!pi) throw new Error('This shop was to run on the emulator.');
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    abortOnError: false,
    logger: new ShopLogger(),
  });
  setUp(app);
  return { pi, app, url: await listen(app) };
}
