export { getPioneer } from './kept-pioneer.js';
export { PiAuthGuard } from './pi-auth.guard.js';
export { PiAuthService } from './pi-auth.service.js';
export { PiUser } from './pi-user.decorator.js';
export type { Pioneer } from './pioneer.js';
export { PiApp, PiOptional, PiPublic, PiScopes } from './route-policy.js';
