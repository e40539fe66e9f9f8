export type { PiHealthReport, PiHealthStatus, PiPartHealth } from './pi-examination.js';
export { PiHealthIndicator } from './pi-health.indicator.js';
export type { PiHealthOptions } from './pi-health.indicator.js';
