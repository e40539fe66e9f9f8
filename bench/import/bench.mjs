// What importing nestjs-pi costs on top of Nest, @nestjs/axios and undici, which an app of this kind has loaded anyway.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternate, hold, median, quick, ratio, report, round } from '../support.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const rounds = quick ? 3 : 21;
const base = ['reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/axios', 'undici'];
const code = (extra) => `
  const start = performance.now();
  for (const name of ${JSON.stringify(base)}) await import(name);
  const below = performance.now();
  ${extra ? `await import('${extra}');` : ''}
  console.log(JSON.stringify({ base: below - start, extra: performance.now() - below }));`;
const measure = (extra) =>
  JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', code(extra)], { cwd: here }).toString());

const bar = 'nestjs-pi ≤ 25 ms where the base costs 90, so a share of at most 0.28';
const figures = { 'nestjs-pi': [], '@nestjs/jwt': [], '@nestjs/terminus': [] };
const below = [];
for (let i = 0; i < rounds; i += 1) {
  for (const name of Object.keys(figures)) {
    const { base: baseMs, extra } = measure(name);
    below.push(baseMs);
    figures[name].push(extra);
  }
}
const rows = Object.fromEntries(
  Object.entries(figures).map(([name, ms]) => [
    name,
    { 'ms on top (median)': round(median(ms), 1), 'share of the base': round(median(ms) / median(below), 2) },
  ]),
);
report(
  'import',
  `Import cost on top of ${base.join(', ')} (${round(median(below), 1)} ms): ${rounds} fresh processes each`,
  rows,
  { bar },
);
hold(bar, median(figures['nestjs-pi']) / median(below) <= 25 / 90);

const boot = (module) =>
  JSON.parse(
    execFileSync(process.execPath, [join(here, 'boot.mjs'), module])
      .toString()
      .trim()
      .split('\n')
      .at(-1),
  ).ms;
const boots = await alternate(rounds, ['HttpModule', 'PiModule'], async (module) => boot(module));
report(
  'boot',
  `Boot of an application context with one module: ${rounds} fresh processes each`,
  Object.fromEntries(
    Object.entries(boots).map(([name, ms]) => [
      name,
      { 'ms (median)': round(median(ms), 1), '÷ HttpModule': ratio(ms, boots.HttpModule) },
    ]),
  ),
);
