import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PiEmulator } from 'pi-emulator';

/** What the page's client sent, in order: `approve abc`. */
export interface NaiveApp {
  readonly url: string;
  readonly calls: string[];
  /** Routes the backend refuses to work on, as if it were down. */
  readonly broken: Set<string>;
  close(): Promise<void>;
}

/** What the page of the naive app has besides the SDK. */
export interface NaivePage {
  heard: string[];
  signIn(scopes?: string[]): Promise<{ accessToken: string; user: { uid: string; username?: string } }>;
  pay(amount?: number): void;
  // oxlint-disable-next-line typescript/no-explicit-any -- the page's own global, called as a page would
  Pi: any;
}
/**
 * The smallest app there can be, to test the SDK on its own: a page, and a backend that passes every callback on to Pi.
 * @param settings query of the SDK's address
 */
export async function startNaiveApp(pi: PiEmulator, settings = ''): Promise<NaiveApp> {
  const calls: string[] = [];
  const broken = new Set<string>();
  const server = createServer((request, response) => {
    void (async () => {
      const route = request.url ?? '/';
      if (request.method === 'GET') {
        response.setHeader('content-type', 'text/html; charset=utf-8');
        return response.end(page(`${pi.url}/pi-sdk.js${settings}`));
      }
      const body = (await json(request)) as { paymentId: string; transactionId?: string };
      calls.push(`${route.slice(1)} ${body.paymentId}`);
      response.setHeader('content-type', 'application/json');
      if (broken.has(route.slice(1))) return response.writeHead(503).end('{}');
      await tellPi(pi, route.slice(1), body);
      return response.end('{}');
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, calls, broken, close: () => closed(server) };
}

async function tellPi(pi: PiEmulator, route: string, { paymentId, transactionId }: Record<string, string | undefined>) {
  const call = { approve: 'approve', complete: 'complete', incomplete: 'complete' }[route];
  if (!call) return;
  await fetch(`${pi.platformUrl}/payments/${paymentId}/${call}`, {
    method: 'POST',
    headers: { authorization: `Key ${pi.apiKey}`, 'content-type': 'application/json' },
    ...(call === 'complete' && { body: JSON.stringify({ txid: transactionId }) }),
  });
}

const page = (sdk: string): string => `<!doctype html>
<html lang="en"><title>Naive app</title><script src="${sdk}"></script>
<body><h1>Naive app</h1><script>
  window.heard = [];
  const post = (route, body) => fetch(route, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  window.signIn = (scopes = ['username', 'payments']) => {
    Pi.init({ version: '2.0' });
    return Pi.authenticate(scopes, (payment) => {
      heard.push('incomplete ' + payment.identifier);
      return post('/incomplete', { paymentId: payment.identifier, transactionId: payment.transaction?.txid });
    });
  };
  window.pay = (amount = 1.5) => Pi.createPayment({ amount, memo: 'A pot of honey', metadata: { honey: 1 } }, {
    onReadyForServerApproval: (paymentId) => post('/approve', { paymentId }),
    onReadyForServerCompletion: (paymentId, transactionId) => post('/complete', { paymentId, transactionId }),
    onCancel: (paymentId) => { heard.push('cancel ' + paymentId); },
    onError: (error, payment) => { heard.push('error ' + error.message + ' ' + (payment ? payment.identifier : '')); },
  });
</script></body></html>`;

async function json(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}');
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}
