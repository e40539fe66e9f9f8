import type { PiEmulator } from 'pi-emulator';
import type { PiLedger } from '../../libs/pi/src/ledger/pi-ledger.js';

interface Row {
  id: string;
  key: string;
  state: string;
  identifier: string | null;
  txid: string | null;
}

interface AttemptRow {
  payout_id: string;
  number: number;
  sequence: string;
  hash: string;
  envelope: string;
  lease_token: string;
}

/**
 * The ten invariants of the specification, watched over the real chain, which the workers only see through bad weather.
 * `check` says what is broken right now; what may never have happened is remembered.
 */
export class Invariants {
  readonly #broken: string[] = [];
  readonly #identifiers = new Map<string, string>();
  readonly #known = new Map<string, AttemptRow>();
  readonly #highest = new Map<string, bigint>();
  readonly #looking: Promise<void>[] = [];
  readonly #stop: () => void;
  #journal: number;
  #token = 0n;

  constructor(
    private readonly pi: PiEmulator,
    private readonly ledger: PiLedger<unknown>,
    /** Keys of this run begin so. */
    private readonly run: string,
  ) {
    this.#journal = pi.journal().at(-1)?.number ?? 0;
    // 3. Every envelope that reached the chain was committed before.
    this.#stop = pi.chain.onSubmit((_, hash) => {
      if (this.#known.has(hash)) return;
      this.#looking.push(
        this.#query<{ hash: string }>('select hash from pi.payout_attempts where hash = $1', [hash]).then((rows) => {
          if (rows.length === 0 && !this.#known.has(hash)) this.#broken.push(`3: ${hash} was sent uncommitted`);
        }),
      );
    });
  }

  end(): void {
    this.#stop();
  }

  async check(): Promise<string[]> {
    await Promise.all(this.#looking.splice(0));
    const rows = await this.#query<Row>(
      `select id::text, idempotency_key as key, state, identifier, txid from pi.payouts where idempotency_key like $1`,
      [`${this.run}%`],
    );
    const attempts = await this.#query<AttemptRow>(
      `select payout_id::text, number, sequence::text, hash, envelope, lease_token::text from pi.payout_attempts
       where payout_id = any($1::uuid[]) order by created_at, number`,
      [rows.map(({ id }) => id)],
    );
    for (const attempt of attempts) this.#newAttempt(attempt, rows);
    for (const row of rows) this.#payout(row);
    await this.#calls(rows);
    return this.#broken;
  }

  #newAttempt(attempt: AttemptRow, rows: Row[]): void {
    if (this.#known.has(attempt.hash)) return;
    this.#known.set(attempt.hash, attempt);
    const row = rows.find(({ id }) => id === attempt.payout_id)!;
    const sequence = BigInt(attempt.sequence);
    const before = this.#highest.get(row.id);
    // 4. S does not decrease, and is raised only after the old S was truly consumed.
    if (before !== undefined && sequence < before)
      this.#broken.push(`4: ${row.key} went back from ${before} to ${sequence}`);
    const used = this.pi.chain.account(this.pi.wallet.address)!.sequence;
    if (before !== undefined && sequence > before && used < before)
      this.#broken.push(`4: ${row.key} was raised to ${sequence} while ${before} was free`);
    this.#highest.set(row.id, sequence);
    // 5. At every new S: no success of the key at or below S − 1.
    const earlier = this.#successes(row.key).find((success) => BigInt(success.sequence) < sequence);
    if (earlier) this.#broken.push(`5: ${row.key} was signed at ${sequence}, and paid at ${earlier.sequence}`);
    // 9. Who lost the lease inserts nothing.
    const token = BigInt(attempt.lease_token);
    if (token < this.#token) this.#broken.push(`9: ${row.key} was signed under the stale lease ${token}`);
    this.#token = token > this.#token ? token : this.#token;
  }

  #payout(row: Row): void {
    const successes = this.#successes(row.key);
    // 1. At most one success a key, over all its identifiers.
    if (successes.length > 1) this.#broken.push(`1: ${row.key} was paid ${successes.length} times`);
    if (row.state === 'cancelling' || row.state === 'cancelled' || row.state === 'failed')
      this.#givenUp(row, successes);
    // 6. Paid only with a true success.
    if (row.state === 'paid' || row.state === 'completed') {
      if (!successes.some(({ hash, innerHash }) => hash === row.txid || innerHash === row.txid))
        this.#broken.push(`6: ${row.key} is ${row.state} by ${row.txid}, which did not pay it`);
    }
    // 8. Bound once, and to a payment of its key.
    const bound = this.#identifiers.get(row.id);
    if (bound !== undefined && row.identifier !== bound)
      this.#broken.push(`8: ${row.key} was bound to ${bound}, and is bound to ${row.identifier}`);
    if (row.identifier !== null) {
      this.#identifiers.set(row.id, row.identifier);
      const { metadata } = this.pi.payment(row.identifier);
      if (metadata['nestjs_pi_key'] !== row.key)
        this.#broken.push(`8: ${row.key} is bound to a payment of ${String(metadata['nestjs_pi_key'])}`);
    }
  }

  /** 2. Given up: no success, and no attempt that can still apply. */
  #givenUp(row: Row, successes: unknown[]): void {
    if (successes.length > 0) this.#broken.push(`2: ${row.key} is ${row.state}, and was paid`);
    for (const { payout_id, envelope, number } of this.#known.values()) {
      if (payout_id === row.id && this.pi.chain.canStillApply(envelope))
        this.#broken.push(`2: ${row.key} is ${row.state}, and its attempt ${number} can still apply`);
    }
  }

  /** 6 and 7: what Pi was told, in the order it was. */
  async #calls(rows: Row[]): Promise<void> {
    for (const { method, path, body, number } of this.pi.journal({ after: this.#journal })) {
      this.#journal = number;
      const [, identifier, what] = /^\/v2\/payments\/([^/]+)\/(complete|cancel)$/.exec(path) ?? [];
      // Cut off before it was read: nobody was told anything.
      if (method !== 'POST' || identifier === undefined || (what === 'complete' && body === undefined)) continue;
      const key = String(this.pi.payment(identifier).metadata['nestjs_pi_key']);
      const row = rows.find((candidate) => candidate.key === key);
      if (!row) continue;
      if (what === 'complete') {
        const { txid } = body as { txid: string };
        const paid = this.#successes(key).some(({ hash, innerHash }) => hash === txid || innerHash === txid);
        if (!paid) this.#broken.push(`6: Pi was told that ${txid} paid ${key}`);
      } else if (
        row.identifier === identifier
          ? row.state !== 'cancelling' && row.state !== 'cancelled'
          : !(await this.#isOrphan(row, identifier))
      )
        this.#broken.push(`7: Pi was asked to cancel ${identifier} while ${key} was ${row.state}`);
    }
  }

  async #isOrphan(row: Row, identifier: string): Promise<boolean> {
    const noted = await this.#query(
      `select 1 from pi.payout_events where payout_id = $1::uuid and kind = 'orphan' and detail = $2`,
      [row.id, identifier],
    );
    return noted.length > 0;
  }

  #successes(key: string) {
    const own = new Set(
      this.pi
        .payments()
        .filter(({ metadata }) => metadata['nestjs_pi_key'] === key)
        .map(({ identifier }) => identifier),
    );
    return this.pi
      .transactions()
      .filter(
        ({ successful, memo, operations }) =>
          successful && own.has(memo ?? '') && operations[0]?.source === this.pi.wallet.address,
      );
  }

  async #query<R>(text: string, values: unknown[]): Promise<R[]> {
    return (await this.ledger.read(({ query }) => query<R>(text, values))).rows;
  }
}
