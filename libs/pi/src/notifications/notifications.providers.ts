import type { Provider } from '@nestjs/common';
import { getPiToken } from '../pi.tokens.js';
import { PiPlatformClient } from '../platform/platform.client.js';
import { NotificationsService } from './notifications.service.js';

export function notificationsProviders(app: string | undefined): Provider[] {
  return [
    {
      provide: getPiToken(NotificationsService, app),
      inject: [getPiToken(PiPlatformClient, app)],
      useFactory: (platform: PiPlatformClient) => new NotificationsService(platform),
    },
  ];
}
