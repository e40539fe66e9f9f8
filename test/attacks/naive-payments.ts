import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PiEmulator } from 'pi-emulator';

/**
 * The payment routes as public backends have them, mistakes included: what the client says is believed. The attacks of this
 * folder have to succeed here, or they prove nothing about ours. It does what an honest client needs.
 */
export class NaivePayments {
  /** Identifiers of what was "delivered", one for every delivery. */
  readonly deliveries: string[] = [];
  /** Lines of its log. */
  readonly log: string[] = [];

  private constructor(
    private readonly pi: PiEmulator,
    private readonly server: Server,
  ) {}

  static async start(pi: PiEmulator): Promise<NaivePayments> {
    const server = createServer();
    const naive = new NaivePayments(pi, server);
    server.on('request', (request, response) => {
      naive.handle(request).then(
        (body) => response.end(JSON.stringify(body)),
        // Every failure upstream is the caller's fault.
        () => response.writeHead(400).end('{"error":"bad request"}'),
      );
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return naive;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async handle(request: IncomingMessage): Promise<unknown> {
    const body = JSON.parse(await textOf(request)) as Record<string, never> & {
      paymentId: string;
      transactionId?: string;
      transaction?: { txid: string; _link: string };
    };
    this.log.push(`${request.url} ${JSON.stringify(body)}`);
    switch (request.url) {
      case '/pi_payment/approve':
        // Neither owner nor amount nor direction is looked at.
        await this.tell(body.paymentId, 'approve');
        return { paymentId: body.paymentId, status: 'approved' };
      case '/pi_payment/complete':
        // Delivered first, told to Pi afterwards, and the txid is the client's word.
        this.deliveries.push(body.paymentId);
        await this.tell(body.paymentId, 'complete', { txid: body.transactionId });
        return { paymentId: body.paymentId, status: 'delivered' };
      case '/pi_payment/cancel':
        await this.tell(body.paymentId, 'cancel');
        return { paymentId: body.paymentId, status: 'cancelled' };
      case '/pi_payment/incomplete':
        return this.incomplete(body);
      default:
        return { received: body };
    }
  }

  private async incomplete(body: {
    paymentId: string;
    transactionId?: string;
    transaction?: { txid: string; _link: string };
  }) {
    if (body.transaction) {
      // The client's link, requested by the server.
      const transaction = (await (await fetch(body.transaction._link)).json()) as { memo: string };
      if (transaction.memo === body.paymentId) this.deliveries.push(body.paymentId);
    } else if (!body.transactionId) {
      await this.tell(body.paymentId, 'cancel');
    }
    return { paymentId: body.paymentId, status: 'handled' };
  }

  private async tell(id: string, what: string, body?: object): Promise<void> {
    const answer = await fetch(`${this.pi.platformUrl}/payments/${id}/${what}`, {
      method: 'POST',
      headers: { authorization: `Key ${this.pi.apiKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`Pi answered ${answer.status}`);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
