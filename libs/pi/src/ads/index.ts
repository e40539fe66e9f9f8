export type * from './pi-ad.js';
