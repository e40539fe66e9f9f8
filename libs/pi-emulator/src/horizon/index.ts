export { chainControlRoutes } from './chain-control.routes.js';
export { horizonRoutes, type HorizonRoutesOptions } from './horizon.routes.js';
