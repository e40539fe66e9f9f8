export { PiAuthService } from './pi-auth.service.js';
export type { Pioneer } from './pioneer.js';
