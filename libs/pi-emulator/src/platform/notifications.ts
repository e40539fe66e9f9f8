import type { IdSource } from '../ids.js';
import { isObject } from './payment-request.js';
import type { Pioneers } from './pioneers.js';

const PER_REQUEST = 256;
const PER_USER_AND_DAY = 48;
const DAY_MS = 24 * 60 * 60 * 1000;

/** An in-app notification that reached its Pioneer. */
export interface DeliveredNotification {
  id: string;
  title: string;
  body: string;
  user_uid: string;
  subroute: string | null;
  seen_at: string | null;
  dismissed_at: string | null;
}

/** A notification as the emulator keeps it. */
export interface NotificationRecord extends DeliveredNotification {
  /** Milliseconds since 1970. */
  readonly deliveredAt: number;
}

/** A refusal of the notifications endpoint: `{ error: text }`, unlike the rest of the Platform API. */
export class NotificationError extends Error {
  override readonly name = 'NotificationError';
  constructor(
    readonly status: 400 | 401 | 403 | 422,
    message: string,
  ) {
    super(message);
  }
}

/** `POST /in_app_notifications/notify`. */
export class Notifications {
  private records: NotificationRecord[] = [];

  constructor(
    private readonly ids: IdSource,
    private readonly pioneers: Pioneers,
  ) {}

  /** Delivers to the Pioneers who granted the scope; the others are missing from the answer without a word. */
  notify(body: unknown): DeliveredNotification[] {
    const notifications = readNotifications(body);
    this.refuseOverQuota(notifications);
    const delivered = notifications
      .filter(({ user_uid }) => this.pioneers.find(user_uid)?.scopes.includes('in_app_notifications'))
      .map((notification) => ({ id: this.ids.uid(), ...notification, seen_at: null, dismissed_at: null }));
    for (const notification of delivered) this.records.push({ ...notification, deliveredAt: Date.now() });
    return delivered;
  }

  list(): NotificationRecord[] {
    return [...this.records];
  }

  export(): NotificationRecord[] {
    return this.list();
  }

  import(records: readonly NotificationRecord[]): void {
    this.records = [...records];
  }

  private refuseOverQuota(notifications: readonly Given[]): void {
    const since = Date.now() - DAY_MS;
    const counts = new Map<string, number>();
    for (const { user_uid, deliveredAt } of this.records)
      if (deliveredAt > since) counts.set(user_uid, (counts.get(user_uid) ?? 0) + 1);
    for (const { user_uid } of notifications) {
      const count = (counts.get(user_uid) ?? 0) + 1;
      if (count > PER_USER_AND_DAY)
        throw new NotificationError(403, `A user may get ${PER_USER_AND_DAY} notifications in 24 hours`);
      counts.set(user_uid, count);
    }
  }
}

interface Given {
  title: string;
  body: string;
  user_uid: string;
  subroute: string | null;
}

function readNotifications(body: unknown): Given[] {
  const list = isObject(body) ? body['notifications'] : undefined;
  if (!Array.isArray(list) || list.length === 0)
    throw new NotificationError(422, 'notifications has to be a list that is not empty');
  if (list.length > PER_REQUEST)
    throw new NotificationError(400, `At most ${PER_REQUEST} notifications can be sent in one request`);
  return list.map((given, index) => readNotification(given, index));
}

function readNotification(given: unknown, index: number): Given {
  const refuse = (problem: string): never => {
    throw new NotificationError(422, `notifications[${index}]: ${problem}`);
  };
  if (!isObject(given)) return refuse('has to be an object');
  const { title, body, user_uid, subroute = null } = given;
  if (typeof title !== 'string' || title === '') return refuse('title is missing');
  if (typeof body !== 'string' || body === '') return refuse('body is missing');
  if (typeof user_uid !== 'string' || user_uid === '') return refuse('user_uid is missing');
  if (subroute !== null && (typeof subroute !== 'string' || !subroute.startsWith('/')))
    return refuse("subroute has to start with '/'");
  return { title, body, user_uid, subroute };
}
