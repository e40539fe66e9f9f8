import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { ConsoleLogger } from '@nestjs/common';
import { PiEmulator } from 'pi-emulator';
import { createPostgres, type TestDatabase } from '../support/database.js';
import { PaymentShop } from '../support/payment-shop.js';
import { NaivePayments } from './naive-payments.js';

jest.setTimeout(60_000);

const MUG = { amount: 1.5, memo: 'A mug', metadata: { productId: 'mug' } };

/** The routes under attack, naive or ours. */
interface Target {
  readonly pi: PiEmulator;
  /** What it wrote to its log. */
  readonly log: readonly string[];
  post(route: string, body: object, headers?: Record<string, string>): Promise<{ status: number }>;
  deliveries(): Promise<readonly string[]>;
}

interface Attack {
  readonly name: string;
  /** Pi is another than the shop is told it is: the payments are of that network. Default: testnet, as the shop. */
  readonly network?: 'testnet' | 'mainnet';
  /** Resolves to true when the attacker got what they came for. */
  readonly succeeds: (target: Target) => Promise<boolean>;
}

/** A Pioneer with a payment at Pi. */
async function payment(pi: PiEmulator, request: { amount: number; memo: string; metadata: object } = MUG) {
  const pioneer = await pi.createPioneer();
  const { identifier: id } = await pi.createPayment(pioneer.uid, request as typeof MUG);
  return { pioneer, id, approve: { paymentId: id, accessToken: pioneer.accessToken } };
}

async function approvedAtPi(pi: PiEmulator, id: string) {
  return pi.payment(id).status.developer_approved;
}

/** Approved by the honest way, so that the attack is about what follows. */
async function approved(target: Target, request = MUG) {
  const made = await payment(target.pi, request);
  await target.post('approve', made.approve);
  // Or the attack would fail for the wrong reason.
  if (!(await approvedAtPi(target.pi, made.id))) throw new Error('an honest payment was not approved');
  return made;
}

async function signed(target: Target) {
  const made = await approved(target);
  const { txid } = await target.pi.signPayment(made.id);
  return { ...made, txid };
}

const delivered = async (target: Target, id: string) => (await target.deliveries()).filter((one) => one === id).length;

/** A transaction as anybody with a wallet can send it. */
async function paidElsewhere(pi: PiEmulator): Promise<string> {
  const stranger = await pi.createPioneer();
  const { identifier } = await pi.createPayment(stranger.uid, { ...MUG, amount: 0.01 });
  await fetch(`${pi.platformUrl}/payments/${identifier}/approve`, {
    method: 'POST',
    headers: { authorization: `Key ${pi.apiKey}` },
  });
  return (await pi.signPayment(identifier)).txid;
}

const ATTACKS: readonly Attack[] = [
  {
    name: "somebody else's payment is approved with one's own token",
    succeeds: async ({ pi, post }) => {
      const victim = await payment(pi);
      const attacker = await pi.createPioneer();
      await post('approve', { paymentId: victim.id, accessToken: attacker.accessToken });
      return approvedAtPi(pi, victim.id);
    },
  },
  {
    name: 'a payment is approved without any token, by a cookie alone',
    succeeds: async ({ pi, post }) => {
      const { id, pioneer } = await payment(pi);
      const cookie = `accessToken=${pioneer.accessToken}; session=${pioneer.accessToken}`;
      await post('approve', { paymentId: id }, { cookie });
      return approvedAtPi(pi, id);
    },
  },
  {
    name: 'a uid in the body takes the place of the token’s owner',
    succeeds: async ({ pi, post }) => {
      const victim = await payment(pi);
      const attacker = await pi.createPioneer();
      const user = { uid: victim.pioneer.uid };
      await post('approve', { paymentId: victim.id, accessToken: attacker.accessToken, user, uid: user.uid });
      return approvedAtPi(pi, victim.id);
    },
  },
  ...[
    ['one stroop too little', 1.4999999],
    ['one stroop too much', 1.5000001],
    ['the smallest amount there is', 1e-7],
  ].map(([what, amount]) => ({
    name: `a payment of ${what} is approved`,
    succeeds: async ({ pi, post }: Target) => {
      const { id, approve } = await payment(pi, { ...MUG, amount: amount as number });
      await post('approve', approve);
      return approvedAtPi(pi, id);
    },
  })),
  {
    name: 'goods are delivered for a forged txid',
    succeeds: async (target) => {
      const { id } = await approved(target);
      await target.post('complete', { paymentId: id, transactionId: 'ab'.repeat(32) });
      return (await delivered(target, id)) > 0;
    },
  },
  {
    name: 'a forged txid reaches Pi, which links it for good',
    succeeds: async (target) => {
      const { id } = await approved(target);
      await target.post('complete', { paymentId: id, transactionId: 'ab'.repeat(32) });
      return target.pi.journal({ method: 'POST', path: `/v2/payments/${id}/complete` }).length > 0;
    },
  },
  {
    name: 'the transaction of another payment pays for this one',
    succeeds: async (target) => {
      const other = await signed(target);
      await target.post('complete', { paymentId: other.id, transactionId: other.txid });
      const { id } = await approved(target);
      await target.post('complete', { paymentId: id, transactionId: other.txid });
      return (await delivered(target, id)) > 0;
    },
  },
  {
    name: 'the transaction of a payment never brought to the shop pays for this one',
    succeeds: async (target) => {
      const transactionId = await paidElsewhere(target.pi);
      const { id } = await approved(target);
      await target.post('complete', { paymentId: id, transactionId });
      return (await delivered(target, id)) > 0;
    },
  },
  {
    name: 'one transaction is replayed for a second delivery',
    succeeds: async (target) => {
      const { id, txid: transactionId } = await signed(target);
      await target.post('complete', { paymentId: id, transactionId });
      await target.post('complete', { paymentId: id, transactionId });
      await target.post('incomplete', { paymentId: id, transactionId });
      return (await delivered(target, id)) > 1;
    },
  },
  {
    name: 'repeated callbacks in parallel deliver more than once',
    succeeds: async (target) => {
      const { id, txid: transactionId } = await signed(target);
      await Promise.all(Array.from({ length: 10 }, () => target.post('complete', { paymentId: id, transactionId })));
      return (await delivered(target, id)) > 1;
    },
  },
  {
    name: 'goods are delivered before Pi completed the payment',
    succeeds: async (target) => {
      const { id, txid: transactionId } = await signed(target);
      target.pi.addFault({
        match: { method: 'POST', path: `/v2/payments/${id}/complete` },
        fault: 'error',
        status: 400,
        code: 'not_verified',
      });
      await target.post('complete', { paymentId: id, transactionId });
      return (await delivered(target, id)) > 0;
    },
  },
  {
    name: 'a payment is completed before it was approved here',
    succeeds: async (target) => {
      const { id } = await payment(target.pi);
      await target.post('complete', { paymentId: id, transactionId: await paidElsewhere(target.pi) });
      return (await delivered(target, id)) > 0;
    },
  },
  {
    name: 'a cancelled payment is delivered',
    succeeds: async (target) => {
      const { id } = await approved(target);
      await target.pi.userCancel(id);
      await target.post('complete', { paymentId: id, transactionId: 'cd'.repeat(32) });
      return (await delivered(target, id)) > 0;
    },
  },
  {
    name: "a stranger's cancel takes the buyer's money: Pi cancels a payment that is signed",
    succeeds: async (target) => {
      const { id } = await approved(target);
      await target.pi.signPayment(id, { link: false });
      await target.post('cancel', { paymentId: id });
      return target.pi.payment(id).status.cancelled;
    },
  },
  {
    name: 'an incomplete payment whose money has moved is cancelled',
    succeeds: async (target) => {
      const { id } = await approved(target);
      await target.pi.signPayment(id, { link: false });
      await target.post('incomplete', { paymentId: id, transactionId: null });
      return target.pi.payment(id).status.cancelled;
    },
  },
  {
    name: "the client's transaction._link is requested, and its memo believed",
    succeeds: async (target) => {
      const { id } = await approved(target);
      let requested = 0;
      const server = createServer((_request, response) => {
        requested += 1;
        response.end(JSON.stringify({ memo: id, successful: true }));
      });
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      const _link = `http://127.0.0.1:${(server.address() as AddressInfo).port}/transactions/x`;
      const transaction = { txid: 'ef'.repeat(32), verified: true, _link };
      await target.post('incomplete', {
        paymentId: id,
        transactionId: transaction.txid,
        transaction,
        payment: { transaction },
      });
      await new Promise((closed) => server.close(closed));
      return requested > 0 || (await delivered(target, id)) > 0;
    },
  },
  {
    name: 'a payout (A2U) counts as a payment',
    succeeds: async (target) => {
      const { pi } = target;
      const { uid } = await pi.createPioneer({ scopes: ['payments', 'wallet_address'] });
      const answer = await fetch(`${pi.platformUrl}/payments`, {
        method: 'POST',
        headers: { authorization: `Key ${pi.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ payment: { uid, amount: 1.5, memo: 'A refund', metadata: MUG.metadata } }),
      });
      const { identifier: paymentId } = (await answer.json()) as { identifier: string };
      await target.post('complete', { paymentId, transactionId: await paidElsewhere(pi) });
      return (await delivered(target, paymentId)) > 0;
    },
  },
  {
    name: "another network's payment is approved",
    network: 'mainnet' as const,
    succeeds: async ({ pi, post }) => {
      const { id, approve } = await payment(pi);
      await post('approve', approve);
      return approvedAtPi(pi, id);
    },
  },
  {
    name: "another app's payment is delivered",
    succeeds: async (target) => {
      const elsewhere = await PiEmulator.start({ port: 0, ledgerMs: 30, apiKey: 'emulated_another_app' });
      try {
        const { id } = await payment(elsewhere);
        await target.post('complete', { paymentId: id, transactionId: await paidElsewhere(elsewhere) });
        return (await delivered(target, id)) > 0;
      } finally {
        await elsewhere.stop();
      }
    },
  },
  {
    name: 'an outage of Pi is blamed on the caller, whose SDK then gives up a payment that was made',
    succeeds: async (target) => {
      const { id, txid } = await signed(target);
      target.pi.addFault({ match: { path: '/v2/payments' }, fault: 'error', status: 500 });
      const { status } = await target.post('complete', { paymentId: id, transactionId: txid });
      return status >= 400 && status < 500;
    },
  },
  {
    name: 'access tokens and keys are read in the log',
    succeeds: async (target) => {
      const { approve, id } = await payment(target.pi);
      await target.post('approve', approve);
      await target.post('approve', { ...approve, paymentId: `${id}unknown` });
      await target.post('error', { paymentId: id, error: 'it went wrong' });
      return target.log.some((line) => line.includes(approve.accessToken) || line.includes(target.pi.apiKey));
    },
  },
  {
    name: 'an identifier leads out of its path at Pi',
    succeeds: async (target) => {
      const { id } = await payment(target.pi);
      await target.post('approve', {
        paymentId: `../payments/${id}`,
        accessToken: (await target.pi.createPioneer()).accessToken,
      });
      return approvedAtPi(target.pi, id);
    },
  },
];

/** Everything the app logs, as text. */
class KeptLog extends ConsoleLogger {
  readonly lines: string[] = [];

  protected override printMessages(messages: unknown[], context?: string): void {
    this.lines.push(...messages.map((message) => `${context ?? ''} ${inspect(message)}`));
  }
}

describe('An attack on the payment routes', () => {
  const emulators: Partial<Record<'testnet' | 'mainnet', PiEmulator>> = {};

  beforeAll(async () => {
    emulators.testnet = await PiEmulator.start({ port: 0, ledgerMs: 30 });
    emulators.mainnet = await PiEmulator.start({ port: 0, ledgerMs: 30, network: 'mainnet' });
  });
  afterEach(() => {
    for (const pi of Object.values(emulators)) pi.clearFaults();
  });
  afterAll(async () => {
    for (const pi of Object.values(emulators)) await pi.stop();
  });

  describe('succeeds against the naive backend:', () => {
    it.each(ATTACKS)('$name', async ({ succeeds, network = 'testnet' }: Attack) => {
      const pi = emulators[network] as PiEmulator;
      const naive = await NaivePayments.start(pi);
      const post: Target['post'] = (route, body, headers) =>
        fetch(`${naive.url}/pi_payment/${route}`, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json', ...headers },
        });
      expect(await succeeds({ pi, log: naive.log, deliveries: async () => naive.deliveries, post })).toBe(true);
      await naive.stop();
    });
  });

  describe('fails against PiPaymentsController:', () => {
    const log = new KeptLog();
    let database: TestDatabase;
    const shops: Partial<Record<'testnet' | 'mainnet', PaymentShop>> = {};

    beforeAll(async () => {
      database = await createPostgres();
      for (const network of ['testnet', 'mainnet'] as const) {
        shops[network] = await PaymentShop.start({ pi: emulators[network] as PiEmulator, database });
        shops[network].app.useLogger(log);
      }
    });
    afterAll(async () => {
      for (const shop of Object.values(shops)) await shop.close();
      await database?.drop();
    });

    it.each(ATTACKS)('$name', async ({ succeeds, network = 'testnet' }: Attack) => {
      const pi = emulators[network] as PiEmulator;
      const shop = shops[network] as PaymentShop;
      const post: Target['post'] = (route, body, headers) => shop.post(route, body, headers);
      expect(await succeeds({ pi, log: log.lines, deliveries: () => shop.deliveries(), post })).toBe(false);
    });
  });
});
