import type { PiTransaction } from '../ledger/pi-transaction.js';
import type { PiPoolClient, PiQuery } from '../pi.ports.js';

export interface FakeTransaction<Handle> extends PiTransaction<Handle> {
  /** Every statement that was run, in order. */
  readonly statements: readonly { text: string; values: readonly unknown[] }[];
  /** What the library does after the commit: runs the work of `afterCommit`, in order. */
  commit(): Promise<void>;
}

/**
 * A transaction for unit tests of delivery handlers: nothing is stored, statements are noted. For the real thing, with commits and
 * rollbacks, test against `pi-emulator` and a database.
 *
 * @param handle what the handler finds under `tx.handle`. Default: nothing.
 * @param answer rows for a statement. Default: none.
 * @example
 * const tx = fakeTransaction(entityManager);
 * await orders.deliver(fakePaidPayment({ metadata: { productId: 'tea' } }), tx);
 * await tx.commit();
 */
export function fakeTransaction<Handle = PiPoolClient>(
  handle?: Handle,
  answer: (text: string, values: readonly unknown[]) => readonly object[] = () => [],
): FakeTransaction<Handle> {
  const statements: { text: string; values: readonly unknown[] }[] = [];
  const later: (() => unknown)[] = [];
  const query: PiQuery = async <Row>(text: string, values: readonly unknown[] = []) => {
    statements.push({ text, values });
    return { rows: answer(text, values) as Row[] };
  };
  return {
    handle: handle as Handle,
    query,
    afterCommit: (work) => void later.push(work),
    statements,
    async commit() {
      for (const work of later.splice(0)) await work();
    },
  };
}
