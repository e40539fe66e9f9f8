// Platform calls per CPU second: ours (parsed and checked) against plain axios, raw undici and Pi's own pi-backend.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternate, child, hold, median, pinning, quick, ratio, report, round } from '../support.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [rounds, calls] = quick ? [3, 1_000] : [15, 5_000];
const server = child(join(here, 'server.mjs'), { core: 0 });
const { url } = await server.ready;
const client = child(join(here, 'client.mjs'), { core: 1, args: [url] });
const { clients } = await client.ready;
const micros = async (name) => (await client.ask({ client: name, calls, concurrency: 32 })).micros;

for (const name of [...clients, ...clients]) await micros(name); // warm
const bar = 'nestjs-pi ≥ 2.0 × plain axios';
const figures = await alternate(rounds, clients, micros);
const rows = Object.fromEntries(
  clients.map((name) => [
    name,
    {
      'CPU µs a call (median)': round(median(figures[name])),
      'calls per CPU second ÷ plain axios': ratio(figures.axios, figures[name]),
    },
  ]),
);
report('platform', `GET /payments/{id}: ${rounds} alternating rounds of ${calls} calls, ${pinning}`, rows, {
  bar,
});
await Promise.all([client.stop(), server.stop()]);
hold(bar, ratio(figures.axios, figures['nestjs-pi']) >= 2);
