import type { PiOutcome } from './exchange.js';
import { retryAfterMs } from './retry-after.js';
import { retryDelayMs } from './retry-policy.js';

const answer = (status: number, headers: Record<string, string> = {}): PiOutcome => ({
  kind: 'answer',
  status,
  headers,
  body: Buffer.alloc(0),
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  it.each([
    ['0', 0],
    ['3', 3_000],
    [' 3 ', 3_000],
    ['Fri, 20 Nov 2026 12:00:07 GMT', 7_000],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
    ['Friday, 20-Nov-26 12:00:07 GMT', 7_000],
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['600', 600_000],
    ['601', 600_000],
    ['99999999999', 600_000],
    ['9'.repeat(400), undefined],
    ['Fri, 31 Dec 2100 23:59:59 GMT', 600_000],
  ])('reads %j as %j', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});

describe('retryDelayMs', () => {
  it.each([
    [answer(200), undefined],
    [answer(302), undefined],
    [answer(401), undefined],
    [answer(404), undefined],
    [answer(429), 50],
    [answer(500), 50],
    [answer(502), 50],
    [answer(503), 50],
    [answer(504), 50],
    [answer(503, { 'retry-after': '2' }), 2_000],
    [answer(503, { 'retry-after': '6' }), undefined],
    [answer(503, { 'retry-after': '999999999' }), undefined],
    [{ kind: 'network', message: '' } as const, 50],
    [{ kind: 'timeout', message: '' } as const, 50],
    [{ kind: 'oversized', message: '' } as const, undefined],
    [{ kind: 'aborted', message: '' } as const, undefined],
  ])('%j waits %j', (outcome, expected) => {
    expect(retryDelayMs(outcome, 0, () => 0.5)).toBe(expected);
  });

  it('waits longer each time, up to 2 s, and anything below that by chance', () => {
    const most = [0, 1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(answer(503), attempt, () => 1));
    expect(most).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
    expect(retryDelayMs(answer(503), 6, () => 0)).toBe(0);
  });
});
