export type * from './pi-payment.js';
export type * from './payment.dto.js';
export type * from './user.dto.js';
export type * from './rewarded-ad-status.dto.js';
export type * from './notification.dto.js';
export type { PiPlatformCode } from './platform-codes.js';
export * from './platform.client.js';
export * from './to-pi-payment.js';
