import { randomUUID } from 'node:crypto';
import type { Pioneer } from '../auth/pioneer.js';

/** A Pioneer who granted `username` and `payments`, with an hour to go; change what matters to the test. */
export function fakePioneer(given: Partial<Pioneer> = {}): Pioneer {
  return Object.freeze({
    uid: randomUUID(),
    username: 'fake_pioneer',
    scopes: Object.freeze(['username', 'payments']),
    validUntil: new Date(Date.now() + 3_600_000),
    ...given,
  });
}
