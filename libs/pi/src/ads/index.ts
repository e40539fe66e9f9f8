export { AdsService } from './ads.service.js';
export type { PiAdClaimOptions, PiAdVerifyOptions } from './ads.service.js';
export type * from './pi-ad.js';
