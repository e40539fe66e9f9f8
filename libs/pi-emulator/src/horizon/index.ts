export { horizonRoutes, type HorizonRoutesOptions } from './horizon.routes.js';
