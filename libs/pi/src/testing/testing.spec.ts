import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  OnPiPayment,
  PiApp,
  PiAuthGuard,
  PiAuthService,
  PiModule,
  PiPaymentRefusedError,
  PiScopes,
  PiUser,
} from 'nestjs-pi';
import type { PiApproval, PiPaidPayment, PiPayment, PiTransaction, Pioneer } from 'nestjs-pi';
import { FakePiAuth, fakePaidPayment, fakePayment, fakePioneer, fakeTransaction } from 'nestjs-pi/testing';

describe('FakePiAuth', () => {
  @Controller()
  @UseGuards(PiAuthGuard)
  class Routes {
    @Get('me')
    me(@PiUser() pioneer: Pioneer) {
      return { uid: pioneer.uid };
    }
    @Get('wallet')
    @PiScopes('wallet_address')
    wallet() {
      return {};
    }
    @Get('other')
    @PiApp('other')
    other() {
      return {};
    }
  }

  const pi = new FakePiAuth();
  let app: INestApplication;
  beforeAll(async () => {
    const testing = Test.createTestingModule({
      imports: [PiModule.forRoot({ apiKey: 'never_used', network: 'testnet' })],
      controllers: [Routes],
    });
    app = (await testing.overrideProvider(PiAuthService).useValue(pi).compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());
  beforeEach(() => {
    pi.unavailable = false;
  });

  const get = async (path: string, token: string) =>
    fetch(`${await app.getUrl()}/${path}`, { headers: { authorization: `Bearer ${token}` } });

  it('lets the Pioneers of the test in, through the real guard', async () => {
    const response = await get('me', pi.signIn({ uid: 'amara-uid' }));
    expect(await response.json()).toEqual({ uid: 'amara-uid' });
  });

  it.each<[string, () => string, string, number]>([
    ['an unknown token', () => 'invented', 'me', 401],
    ['a token that was signed out', () => signedOut(), 'me', 401],
    ['an expired token', () => pi.signIn({ validUntil: new Date(0) }), 'me', 401],
    ['a missing scope', () => pi.signIn(), 'wallet', 403],
    ['a scope that was granted', () => pi.signIn({ scopes: ['wallet_address'] }), 'wallet', 200],
    ['another Pi app', () => pi.signIn(), 'other', 200],
  ])('%s', async (_title, token, path, status) => {
    expect((await get(path, token())).status).toBe(status);
  });

  it('stages an outage of Pi: 503 for new tokens, nothing for known ones', async () => {
    const [known, fresh] = [pi.signIn(), pi.signIn()];
    await get('me', known);
    pi.unavailable = true;
    expect((await get('me', known)).status).toBe(200);
    expect((await get('me', fresh)).status).toBe(503);
    await pi.forget(known);
    expect((await get('me', known)).status).toBe(503);
  });

  const signedOut = () => {
    const token = pi.signIn();
    pi.signOut(token);
    return token;
  };
});

describe('fakes for payment handlers', () => {
  @Injectable()
  class Orders {
    mailed: string[] = [];
    @OnPiPayment('approve')
    approve(payment: PiPayment, pioneer: Pioneer): PiApproval {
      if (pioneer.username === 'banned') throw new PiPaymentRefusedError('banned');
      return { amount: payment.metadata['productId'] === 'tea' ? '1.5' : '9' };
    }
    @OnPiPayment('completed')
    async deliver(payment: PiPaidPayment, tx: PiTransaction<{ tenant: string }>): Promise<void> {
      await tx.query('insert into orders values ($1, $2)', [payment.id, tx.handle.tenant]);
      tx.afterCommit(() => this.mailed.push(payment.uid));
    }
  }

  it('let an approve handler be asked', () => {
    const orders = new Orders();
    const payment = fakePayment({ amount: '1.5', metadata: { productId: 'tea' } });
    expect(payment.amount.equals(orders.approve(payment, fakePioneer()).amount)).toBe(true);
    expect(() => orders.approve(payment, fakePioneer({ username: 'banned' }))).toThrow(PiPaymentRefusedError);
  });

  it('let a delivery be watched, up to what it does after the commit', async () => {
    const orders = new Orders();
    const payment = fakePaidPayment({ uid: 'amara-uid' });
    const tx = fakeTransaction({ tenant: 'shop' });
    await orders.deliver(payment, tx);
    expect(tx.statements).toEqual([{ text: 'insert into orders values ($1, $2)', values: [payment.id, 'shop'] }]);
    expect(orders.mailed).toEqual([]);
    await tx.commit();
    expect(orders.mailed).toEqual(['amara-uid']);
  });

  it('look like the real ones', () => {
    expect(fakePaidPayment()).toMatchObject({
      id: expect.stringMatching(/^[A-Za-z0-9]{28}$/),
      txid: expect.stringMatching(/^[0-9a-f]{64}$/),
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });
});
