import { payment } from './chain/payment.js';
import { pioneerKeypair } from './emulated-wallet.js';
import { PiEmulator } from './emulator.js';
import type { PiEmulatorOptions } from './emulator.options.js';
import type { PaymentDto } from './platform/payment.js';

/** An answer as a client of any language sees it. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The text as JSON; undefined when it is none. */
  body: any; // oxlint-disable-line typescript/no-explicit-any -- asserted on by the specs, field by field
}

export const METADATA = { productId: 'apples' };

/** An emulator with the clients the specs use: over real HTTP, ledgers closing by hand unless told otherwise. */
export class Bench {
  private constructor(readonly pi: PiEmulator) {}

  static async start(options: PiEmulatorOptions = {}): Promise<Bench> {
    return new Bench(await PiEmulator.start({ port: 0, ledgerMs: 'manual', ...options }));
  }

  stop(): Promise<void> {
    return this.pi.stop();
  }

  /** A call of the Platform API with the server API key. */
  key(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call(method, `/v2${path}`, body, { authorization: `Key ${this.pi.apiKey}`, ...headers });
  }

  me(token: string, scheme = 'Bearer'): Promise<Answer> {
    return this.call('GET', '/v2/me', undefined, { authorization: `${scheme} ${token}` });
  }

  /** A call of the control API. */
  control(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.call(method, `/_emulator${path}`, body);
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(this.pi.url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: asJson(text) };
  }

  /** A payment to a new Pioneer, as the backend creates it. */
  async a2u(amount = 1.5, uid?: string): Promise<PaymentDto> {
    const recipient = uid ?? (await this.pi.createPioneer()).uid;
    const answer = await this.key('POST', '/payments', {
      payment: { amount, memo: 'Thank you', metadata: METADATA, uid: recipient },
    });
    return answer.body;
  }

  /** A payment by a new Pioneer, as the browser creates it. */
  async u2a(amount: number | string = 1.5): Promise<PaymentDto> {
    const { uid } = await this.pi.createPioneer();
    return this.pi.createPayment(uid, { amount, memo: 'Apples', metadata: METADATA });
  }

  approve(id: string): Promise<Answer> {
    return this.key('POST', `/payments/${id}/approve`);
  }

  complete(id: string, txid: string): Promise<Answer> {
    return this.key('POST', `/payments/${id}/complete`, { txid });
  }

  /** Pays from the app's wallet on the chain and closes the ledger; what differs from the payment is given. */
  async pay(of: PaymentDto, other: { memo?: string; destination?: string; stroops?: bigint } = {}): Promise<string> {
    return this.transfer(this.pi.wallet.seed, of, other);
  }

  /** Pays from a Pioneer's wallet what the app's wallet should have paid. */
  async payFrom(uid: string, of: PaymentDto): Promise<string> {
    return this.transfer(pioneerKeypair(uid).secret(), of);
  }

  private async transfer(secret: string, of: PaymentDto, other: object = {}): Promise<string> {
    const { hash, envelopeXdr } = payment(this.pi.chain, {
      secret,
      destination: of.to_address,
      stroops: BigInt(Math.round(of.amount * 1e7)),
      memo: of.identifier,
      ...other,
    });
    this.pi.chain.submit(envelopeXdr);
    await this.pi.closeLedger();
    return hash;
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
