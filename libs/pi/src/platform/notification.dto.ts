/** One notification to one Pioneer. */
export interface NotificationRequest {
  readonly title: string;
  readonly body: string;
  readonly user_uid: string;
  /** Where it leads inside the app; starts with `/`. */
  readonly subroute: string;
}

export interface DeliveredNotificationDto {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly user_uid: string;
  readonly subroute: string;
  readonly seen_at: string | null;
  readonly dismissed_at: string | null;
  readonly [unknown: string]: unknown;
}

/** Answer of `POST /in_app_notifications/notify`. Those not delivered are silently missing. */
export interface NotificationsDto {
  readonly success: boolean;
  readonly delivered_notifications: readonly DeliveredNotificationDto[];
  readonly [unknown: string]: unknown;
}
