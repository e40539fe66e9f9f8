export { NotificationsService } from './notifications.service.js';
export type * from './pi-notification.js';
