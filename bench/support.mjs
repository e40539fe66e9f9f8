// What every benchmark shares: pinned child processes, alternating rounds, medians, one table and one JSON file a bench.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const quick = process.argv.includes('--quick');

export const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
export const percentile = (numbers, p) =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * p))];
export const round = (number, digits = 2) => Number(number.toFixed(digits));

const taskset = (() => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return cpus().length > 1;
  } catch {
    return false;
  }
})();
export const pinning = taskset
  ? 'server and client each pinned to a core'
  : 'NOT pinned: no taskset on this machine, or one core only';

/** A Node process on one core that answers JSON lines: `const answer = await child.ask({ … })`. */
export function child(script, { core, args = [] }) {
  const command = taskset ? ['taskset', '-c', String(core), process.execPath] : [process.execPath];
  const process_ = spawn(command[0], [...command.slice(1), script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: process_.stdout })[Symbol.asyncIterator]();
  const kill = () => process_.kill('SIGKILL');
  process.once('exit', kill);
  process_.once('exit', () => process.off('exit', kill));
  const next = async () => {
    for (;;) {
      const { value, done } = await answers.next();
      if (done) throw new Error(`${script} ended before it answered`);
      // Anything else is the log of the server.
      if (value.startsWith('{')) return JSON.parse(value);
      console.error(value);
    }
  };
  return {
    ready: next(),
    ask: async (question) => {
      process_.stdin.write(`${JSON.stringify(question)}\n`);
      return next();
    },
    stop: () => new Promise((done) => process_.once('exit', done) && process_.kill('SIGTERM')),
  };
}

/** The other end of `child`: answers each question with `handle(question)`. */
export async function answer(ready, handle) {
  console.log(JSON.stringify(ready));
  for await (const line of createInterface({ input: process.stdin }))
    console.log(JSON.stringify(await handle(JSON.parse(line))));
}

/** CPU microseconds this process has used. */
export const cpuMicros = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Runs every variant once a round, in an order that rotates, and returns the figures by variant. */
export async function alternate(rounds, variants, measure) {
  const figures = Object.fromEntries(variants.map((variant) => [variant, []]));
  for (let i = 0; i < rounds; i += 1) {
    const order = variants.map((_, k) => variants[(k + i) % variants.length]);
    for (const variant of order) figures[variant].push(await measure(variant));
  }
  return figures;
}

/** Median of the ratios taken round by round: what drifts during a run (turbo, neighbours) falls out. */
export const ratio = (above, below) => round(median(above.map((value, i) => value / below[i])), 3);

/** Says so, and fails the command, when a bar does not hold. A quick run is too short to be judged by times. */
export function hold(bar, holds) {
  if (holds || quick) return;
  console.error(`NOT HELD: ${bar}`);
  process.exitCode = 1;
}

export function report(name, title, rows, notes = {}) {
  console.log(`\n${title}`);
  console.table(rows);
  for (const [key, value] of Object.entries(notes)) console.log(`${key}: ${value}`);
  const folder = join(here, 'results', quick ? 'quick' : '');
  mkdirSync(folder, { recursive: true });
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  writeFileSync(
    join(folder, `${name}.json`),
    `${JSON.stringify({ name, title, at: new Date().toISOString(), quick, machine, notes, rows }, null, 2)}\n`,
  );
}
