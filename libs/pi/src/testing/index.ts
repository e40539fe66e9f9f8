export { FakePiAuth } from './fake-pi-auth.js';
export { fakePaidPayment, fakePayment } from './fake-payment.js';
export type { FakePayment } from './fake-payment.js';
export { fakePioneer } from './fake-pioneer.js';
export { fakeTransaction } from './fake-transaction.js';
export type { FakeTransaction } from './fake-transaction.js';
