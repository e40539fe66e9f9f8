import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const SHOP = fileURLToPath(new URL('u2a-shop.mjs', import.meta.url));
const LONGEST_LIFE_MS = 600;
/** Of what it took to start: on a slow machine an instance lives longer, or nobody would ever get through a payment. */
const LIFE_PER_START = 1.5;

/** Instances of the shop that are killed at random moments and started again. */
export class Fleet {
  kills = 0;
  #urls = new Map();
  #children = new Set();
  #stopping = false;

  constructor(order, dice) {
    this.order = JSON.stringify(order);
    this.dice = dice;
  }

  /** Addresses of the instances that live right now; a call to one may find it dead all the same. */
  get urls() {
    return [...this.#urls.values()];
  }

  /** Keeps `size` instances going; together they are killed `kills` times. Resolves when that is done. */
  async live(size, kills) {
    let left = kills;
    const lane = async (dice) => {
      for (;;) {
        const begun = Date.now();
        const child = await this.#start();
        const longestMs = Math.max(LONGEST_LIFE_MS, (Date.now() - begun) * LIFE_PER_START);
        if (left <= 0 || this.#stopping) return;
        left -= 1;
        await sleep(dice.below(longestMs));
        this.#urls.delete(child);
        this.#children.delete(child);
        child.kill('SIGKILL');
        await once(child, 'close');
        this.kills += 1;
      }
    };
    await Promise.all(Array.from({ length: size }, () => lane(this.dice.fork())));
  }

  async stop() {
    this.#stopping = true;
    const children = [...this.#children];
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'close')));
  }

  #start() {
    const child = spawn(process.execPath, [SHOP, this.order], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.add(child);
    return new Promise((resolve, reject) => {
      const died = (code) => reject(new Error(`an instance of the shop ended by itself with ${code}`));
      child.once('close', died);
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!line.startsWith('ready ')) return;
        child.off('close', died);
        this.#urls.set(child, line.slice(6));
        resolve(child);
      });
    });
  }
}
