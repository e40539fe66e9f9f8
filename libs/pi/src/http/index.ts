export type * from './call-options.js';
