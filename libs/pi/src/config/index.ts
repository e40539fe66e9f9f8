export { piConfig } from './pi.config.js';
