// CPU time a request on a trivial route: with no guard, a no-op guard, PiAuthGuard on a cached token, and two common others.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternate, child, hold, median, pinning, quick, ratio, report, round } from '../support.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** Servers are started anew so often: how one process happens to be compiled and laid out is worth 5 % for as long as it lives. */
const starts = quick ? 1 : 6;
const rounds = quick ? 3 : 5;
/** Requests a round: about a second of the server's time each, so that no single collection of garbage decides. */
const amounts = { express: { jwt: 2_000, other: 6_000 }, fastify: { jwt: 2_000, other: 20_000 } };
const bar = 'no-op ÷ pi ≥ 0.90';
const variants = ['open', 'noop', 'pi', 'jwt', 'passport'];

for (const adapter of ['express', 'fastify']) {
  const { other, jwt } = amounts[adapter];
  const client = child(join(here, 'client.mjs'), { core: 1 });
  await client.ready;
  const figures = Object.fromEntries(variants.map((variant) => [variant, []]));
  for (let start = 0; start < starts; start += 1) {
    const servers = {};
    for (const guard of variants) servers[guard] = child(join(here, 'server.mjs'), { core: 0, args: [adapter, guard] });
    const micros = async (variant) => {
      const server = servers[variant];
      const { url, token } = await server.ready;
      const amount = Math.ceil((variant === 'jwt' ? jwt : other) / (quick ? 5 : 1));
      const { cpu: before } = await server.ask({});
      const { ok, failed } = await client.ask({ url, token, amount });
      if (failed > 0 || ok !== amount) throw new Error(`${variant}: ${ok} of ${amount} answered 2xx`);
      const { cpu: after } = await server.ask({});
      return (after - before) / amount;
    };
    for (const variant of [...variants, ...variants]) await micros(variant); // warm
    const measured = await alternate(rounds, variants, micros);
    for (const variant of variants) figures[variant].push(...measured[variant]);
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
  await client.stop();
  const rows = Object.fromEntries(
    variants.map((variant) => [
      variant,
      {
        'CPU µs a request (median)': round(median(figures[variant])),
        'no-op ÷ this': ratio(figures.noop, figures[variant]),
      },
    ]),
  );
  report(
    `guard-${adapter}`,
    `PiAuthGuard on ${adapter}: ${starts} times ${rounds} alternating rounds of ${other} requests (${jwt} with @nestjs/jwt), a server for each guard, started anew each time, ${pinning}`,
    rows,
    { bar },
  );
  hold(`${adapter}: ${bar}`, ratio(figures.noop, figures.pi) >= 0.9);
}
