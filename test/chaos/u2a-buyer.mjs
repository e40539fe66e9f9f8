import { setTimeout as sleep } from 'node:timers/promises';

/** As in Pi's SDK, only faster: a callback is made again until it succeeds. */
const AGAIN_MS = 150;
/** Longer than this, it is not bad luck. */
const PATIENCE_MS = 10 * 60_000;

/** A Pioneer with a browser: honest, but with bad luck of every kind. */
export class Buyer {
  constructor(pi, fleet, dice) {
    this.pi = pi;
    this.fleet = fleet;
    this.dice = dice;
  }

  /** Buys a mug, whatever it takes. @returns the identifier of the payment */
  async buy() {
    const { id, approve } = await this.#want();
    await this.#until('approve', approve, ['approved', 'completing', 'completed', 'delivered']);
    // The wallet may die before Pi hears of the transaction; the chain has it.
    const { txid } = await this.pi.signPayment(id, { link: !this.dice.chance(0.1) });
    const paid = { paymentId: id, transactionId: txid };
    const luck = this.dice.next();
    if (luck < 0.15) await this.#post('complete', paid);
    else if (luck < 0.3) await Promise.all([1, 2, 3].map(() => this.#post('complete', paid)));
    else if (luck < 0.4)
      await Promise.all(['cancel', 'incomplete', 'complete'].map((route) => this.#post(route, paid)));
    else if (luck < 0.5) await this.#post('complete', { ...paid, transactionId: 'ab'.repeat(32) });
    else if (luck < 0.75) await this.#until('complete', paid, ['completed', 'delivered']);
    // Else the tab was closed: nobody calls.
    return { id, txid };
  }

  /** Comes back later: the SDK hands over what it finds incomplete. */
  async comeBack({ id, txid }) {
    await this.#until('incomplete', { paymentId: id, transactionId: txid }, ['completed', 'delivered']);
  }

  /** What never may be delivered: cancelled, refused, never signed, or paid with somebody else's transaction. */
  async stray(otherTxid) {
    switch (this.dice.below(4)) {
      case 0: {
        const { id, approve } = await this.#want();
        await this.#until('approve', approve, ['approved']);
        await this.pi.userCancel(id);
        await this.#post('cancel', { paymentId: id });
        return id;
      }
      case 1: {
        const { id, approve } = await this.#want('a unicorn');
        await this.#post('approve', approve);
        await this.#post('complete', { paymentId: id, transactionId: otherTxid ?? 'cd'.repeat(32) });
        return id;
      }
      case 2: {
        const { id, approve } = await this.#want();
        await this.#until('approve', approve, ['approved']);
        await this.#post('complete', { paymentId: id, transactionId: otherTxid ?? 'cd'.repeat(32) });
        return id;
      }
      default: {
        const { id } = await this.#want();
        await this.#post('incomplete', { paymentId: id, transactionId: otherTxid ?? null });
        return id;
      }
    }
  }

  async #want(product = 'mug') {
    const { uid, accessToken } = await this.pi.createPioneer();
    const { identifier: id } = await this.pi.createPayment(uid, { amount: 1.5, memo: 'A mug', metadata: { product } });
    return { id, approve: { paymentId: id, accessToken } };
  }

  async #until(route, body, wanted) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const status = await this.#post(route, body);
      if (wanted.includes(status)) return;
      if (Date.now() > deadline) throw new Error(`${route} of ${body.paymentId} still answers ${status}`);
      await sleep(AGAIN_MS);
    }
  }

  /** @returns our journal's word; undefined when there was no answer, or an error */
  async #post(route, body) {
    const url = this.fleet.urls.length > 0 ? this.dice.pick(this.fleet.urls) : undefined;
    if (url === undefined) return undefined;
    try {
      const answer = await fetch(`${url}/pi_payment/${route}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(15_000),
      });
      const { status, errorCode } = await answer.json();
      return answer.ok ? status : errorCode;
    } catch {
      return undefined;
    }
  }
}
