// `GET /payments/{id}` by four clients in one process, `concurrency` at a time; answers CPU µs a call.
import { createRequire } from 'node:module';
import { Keypair } from '@stellar/stellar-base';
import axios from 'axios';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { PaymentsService, PiModule } from 'nestjs-pi';
import { Pool } from 'undici';
import { answer, cpuMicros } from '../support.mjs';

const [url] = process.argv.slice(2);
const id = 'AbCdEfGhIjKlMnOpQrStUvWxYz01';
const headers = { authorization: 'Key bench' };

class BenchModule {}
Module({
  imports: [
    PiModule.forRoot({ apiKey: 'bench', network: 'testnet', platformUrl: `${url}/v2`, http: { connections: 32 } }),
  ],
})(BenchModule);
const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
const payments = app.get(PaymentsService);

const plain = axios.create({ baseURL: `${url}/v2`, headers });
const pool = new Pool(url, { connections: 32 });
const { default: PiNetwork } = createRequire(import.meta.url)('pi-backend');
const official = new PiNetwork('bench', Keypair.random().secret(), { baseUrl: url });

const clients = {
  'nestjs-pi': () => payments.get(id),
  axios: () => plain.get(`/payments/${id}`),
  undici: async () => (await pool.request({ method: 'GET', path: `/v2/payments/${id}`, headers })).body.json(),
  'pi-backend': () => official.getPayment(id),
};
await answer({ clients: Object.keys(clients) }, async ({ client, calls, concurrency }) => {
  let left = calls;
  const before = cpuMicros();
  const worker = async () => {
    while (left-- > 0) await clients[client]();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { micros: (cpuMicros() - before) / calls };
});
await app.close();
process.exit(0);
