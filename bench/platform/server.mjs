// A Platform API that costs next to nothing, so that the client is what is measured.
import { createServer } from 'node:http';
import { answer } from '../support.mjs';

const payment = JSON.stringify({
  identifier: 'AbCdEfGhIjKlMnOpQrStUvWxYz01',
  user_uid: '3a3f1c1e-0000-4000-8000-000000000001',
  amount: 3.14,
  memo: 'A cup of coffee',
  metadata: { productId: 'coffee' },
  from_address: 'GBRPYHIL2CI3FNQ4BXLFMNDLFJUNPU2HY3ZMFSHONUCEOASW7QC7OX2H',
  to_address: 'GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7',
  direction: 'user_to_app',
  created_at: '2026-01-01T00:00:00.000Z',
  network: 'Pi Testnet',
  status: {
    developer_approved: true,
    transaction_verified: false,
    developer_completed: false,
    cancelled: false,
    user_cancelled: false,
  },
  transaction: null,
});
const server = createServer((_, response) => {
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payment) })
    .end(payment);
}).listen(0, '127.0.0.1', () => void answer({ url: `http://127.0.0.1:${server.address().port}` }, () => ({})));
process.on('SIGTERM', () => process.exit(0));
