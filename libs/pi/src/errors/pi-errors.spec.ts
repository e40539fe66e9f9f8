import { HttpException } from '@nestjs/common';
import {
  PiAdRefusedError,
  PiApiError,
  PiChainError,
  PiConfigurationError,
  PiError,
  PiIdempotencyError,
  PiInvalidArgumentError,
  PiPaymentMismatchError,
  PiPaymentRefusedError,
  PiScopeMissingError,
  PiTokenRefusedError,
  PiUnavailableError,
} from './index.js';

const api = { code: 'PI_X', message: 'm', status: 409, retryable: true, endpoint: 'GET /x', platformStatus: 400 };
const mismatch = { paymentId: 'p1', expected: '1', actual: '2' } as const;

const table: [PiError, status: number, code: string, retryable: boolean][] = [
  [new PiApiError(api), 409, 'PI_X', true],
  [new PiUnavailableError({ message: 'm', reason: 'busy' }), 503, 'PI_UNAVAILABLE', true],
  [new PiTokenRefusedError(), 401, 'PI_TOKEN_REFUSED', false],
  [new PiScopeMissingError(['payments']), 403, 'PI_SCOPE_MISSING', false],
  [new PiPaymentRefusedError('sold out'), 422, 'PI_PAYMENT_REFUSED', false],
  [new PiPaymentMismatchError({ ...mismatch, field: 'amount' }), 409, 'PI_PAYMENT_MISMATCH', false],
  [new PiAdRefusedError('ad', 'taken'), 409, 'PI_AD_TAKEN', false],
  [new PiAdRefusedError('ad', 'undecided'), 409, 'PI_AD_UNDECIDED', true],
  [new PiAdRefusedError('ad', 'failed'), 422, 'PI_AD_NOT_GRANTED', false],
  [new PiAdRefusedError('ad', 'revoked'), 422, 'PI_AD_NOT_GRANTED', false],
  [new PiChainError('PI_TX_NOT_FOUND', 'm'), 409, 'PI_TX_NOT_FOUND', true],
  [new PiChainError('PI_TX_MISMATCH', 'm'), 409, 'PI_TX_MISMATCH', false],
  [new PiIdempotencyError('k', ['amount']), 409, 'PI_IDEMPOTENCY_CONFLICT', false],
  [new PiConfigurationError([]), 500, 'PI_CONFIGURATION', false],
  [new PiInvalidArgumentError('txid', '../me', 'a hash'), 400, 'PI_INVALID_ARGUMENT', false],
];

it.each(table)('%s', (error, status, code, retryable) => {
  expect(error).toBeInstanceOf(PiError);
  expect(error).toBeInstanceOf(HttpException);
  expect(error).toMatchObject({ name: error.constructor.name, code, retryable });
  expect(error.getStatus()).toBe(status);
  expect(error.getResponse()).toMatchObject({ statusCode: status, errorCode: code, message: expect.any(String) });
});

it.each([
  ['PiUnavailableError', new PiUnavailableError({ message: 'm', reason: 'busy', retryAfterMs: 1_500 }), 2],
  ['PiAdRefusedError', new PiAdRefusedError('ad', 'undecided'), 2],
  ['PiChainError', new PiChainError('PI_TX_NOT_FOUND', 'm'), 2],
])('%s says in its body, too, when to ask again', (_name, error, seconds) => {
  expect(error.headers).toEqual({ 'Retry-After': String(seconds) });
  expect(error.getResponse()).toMatchObject({ retryAfterSeconds: seconds });
});

it('says nothing of asking again where that is of no use', () => {
  expect(new PiAdRefusedError('ad', 'taken').getResponse()).not.toHaveProperty('retryAfterSeconds');
});

it('tells another Pioneer’s uid to nobody', () => {
  const error = new PiPaymentMismatchError({
    paymentId: 'p1',
    field: 'uid',
    expected: 'uid-of-ada',
    actual: 'uid-of-bob',
  });
  expect(JSON.stringify(error.getResponse()) + error.message).not.toMatch(/uid-of/);
  expect(error).toMatchObject({ expected: 'uid-of-ada', actual: 'uid-of-bob' });
});

it('lists every configuration problem with its fix, for the operator only', () => {
  const error = new PiConfigurationError([
    { problem: 'apiKey is not set', fix: 'set PI_API_KEY' },
    { problem: 'network is "main"', fix: 'use mainnet or testnet' },
  ]);
  expect(error.message).toMatch(/apiKey is not set\n\s+Fix: set PI_API_KEY\n.*network is "main"\n\s+Fix: use/s);
  expect(JSON.stringify(error.getResponse())).not.toContain('apiKey');
});

it.each([
  [0, '1'],
  [1, '1'],
  [1_000, '1'],
  [1_001, '2'],
  [-5, '1'],
])('an outage of %i ms asks to come back in whole seconds: %s', (retryAfterMs, header) => {
  const error = new PiUnavailableError({ message: 'm', reason: 'busy', retryAfterMs });
  expect(error.headers).toEqual({ 'Retry-After': header });
});

it.each([
  ['undecided', { 'Retry-After': '2' }],
  ['taken', {}],
  ['failed', {}],
] as const)('of an ad, only one that is undecided is to be asked for again: %s', (reason, headers) => {
  expect(new PiAdRefusedError('ad', reason).headers).toEqual(headers);
});
