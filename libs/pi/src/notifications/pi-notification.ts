import type { PiError } from '../errors/index.js';

/** An in-app notification. The Pioneer must have granted the scope `in_app_notifications`. */
export interface PiNotification {
  readonly uid: string;
  readonly title: string;
  readonly body: string;
  /** Where a tap leads, inside the app: starts with `/`. */
  readonly subroute: string;
}

export interface PiDeliveredNotification extends PiNotification {
  /** Pi's identifier. */
  readonly id: string;
}

export interface PiUndeliveredNotification {
  readonly notification: PiNotification;
  /** Undefined: Pi accepted the request and silently left this one out (no such scope, over the Pioneer's quota…). */
  readonly error?: PiError;
}

export interface PiNotificationReport {
  readonly delivered: readonly PiDeliveredNotification[];
  readonly undelivered: readonly PiUndeliveredNotification[];
}
