// Sends `amount` requests and says how it went; the server counts its own CPU time.
import autocannon from 'autocannon';
import { answer } from '../support.mjs';

await answer({}, async ({ url, token, amount }) => {
  const {
    '2xx': ok,
    non2xx,
    errors,
  } = await autocannon({ url, amount, connections: 32, headers: { authorization: `Bearer ${token}` } });
  return { ok, failed: non2xx + errors };
});
