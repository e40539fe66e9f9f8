export type { PiCallOptions } from './call-options.js';
export type { PiCallObserver, PiCallReport } from './pi-call.js';
export { PiHttpService } from './pi-http.js';
