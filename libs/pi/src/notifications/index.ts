export type * from './pi-notification.js';
