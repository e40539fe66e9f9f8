import { Injectable, Logger } from '@nestjs/common';
import { PiError } from '../errors/pi-error.js';
import { withCauses } from '../errors/with-causes.js';
import type { PiCallOptions } from '../http/call-options.js';
import type { DeliveredNotificationDto } from '../platform/notification.dto.js';
import type { PiPlatformClient } from '../platform/platform.client.js';
import type {
  PiDeliveredNotification,
  PiNotification,
  PiNotificationReport,
  PiUndeliveredNotification,
} from './pi-notification.js';

/** What Pi takes in one request. */
const CHUNK = 256;

/**
 * In-app notifications to Pioneers: at most 48 a Pioneer in 24 h, and only to those who granted `in_app_notifications`.
 *
 * @see https://github.com/pi-apps/pi-platform-docs
 */
@Injectable()
export class NotificationsService {
  private readonly logger = new Logger(NotificationsService.name);

  constructor(private readonly platform: PiPlatformClient) {}

  /**
   * Sends any number of notifications, 256 a request, and reports which of them Pi did not deliver. A notification whose
   * request got no answer is reported as undelivered, and may have arrived all the same: Pi knows no idempotency here.
   *
   * @throws RangeError a `subroute` does not start with `/`, or a text is empty; nothing was sent.
   * @throws PiError the very first request failed; nothing is known to be delivered.
   */
  async notify(notifications: readonly PiNotification[], options: PiCallOptions = {}): Promise<PiNotificationReport> {
    notifications.forEach(check);
    const delivered: PiDeliveredNotification[] = [];
    const undelivered: PiUndeliveredNotification[] = [];
    for (let from = 0; from < notifications.length; from += CHUNK) {
      const chunk = notifications.slice(from, from + CHUNK);
      try {
        const report = await this.send(chunk, options);
        delivered.push(...report.delivered);
        undelivered.push(...report.undelivered);
      } catch (error) {
        // Later chunks may belong to other Pioneers: what one runs into (a quota) need not stop the next.
        if (from === 0 || !(error instanceof PiError)) throw error;
        this.logger.warn(
          `${chunk.length} notifications from number ${from + 1} on were not sent: ${withCauses(error)}`,
        );
        undelivered.push(...chunk.map((notification) => ({ notification, error })));
      }
    }
    return { delivered, undelivered };
  }

  private async send(chunk: readonly PiNotification[], options: PiCallOptions): Promise<PiNotificationReport> {
    const requests = chunk.map(({ uid, title, body, subroute }) => ({ title, body, user_uid: uid, subroute }));
    const { delivered_notifications: answers } = await this.platform.notify(requests, options);
    return matched(chunk, answers);
  }
}

/** Pi leaves out what it did not deliver and gives no place in the list: equal ones are matched one by one. */
function matched(chunk: readonly PiNotification[], answers: readonly DeliveredNotificationDto[]): PiNotificationReport {
  const ids = new Map<string, string[]>();
  for (const { id, user_uid, title, body, subroute } of answers) {
    const key = contentKey(user_uid, title, body, subroute);
    ids.set(key, [...(ids.get(key) ?? []), id]);
  }
  const delivered: PiDeliveredNotification[] = [];
  const undelivered: PiUndeliveredNotification[] = [];
  for (const notification of chunk) {
    const { uid, title, body, subroute } = notification;
    const id = ids.get(contentKey(uid, title, body, subroute))?.shift();
    if (id === undefined) undelivered.push({ notification });
    else delivered.push({ ...notification, id });
  }
  return { delivered, undelivered };
}

function contentKey(...parts: string[]): string {
  return JSON.stringify(parts);
}

function check({ uid, title, body, subroute }: PiNotification, index: number): void {
  const wrong = (what: string) => new RangeError(`Notification ${index + 1} ${what}. Nothing was sent.`);
  for (const [name, text] of Object.entries({ uid, title, body })) {
    if (typeof text !== 'string' || text.trim() === '') throw wrong(`has no ${name}`);
  }
  if (typeof subroute !== 'string' || !subroute.startsWith('/')) {
    throw wrong(`has the subroute ${JSON.stringify(subroute)}: it has to start with "/"`);
  }
}
