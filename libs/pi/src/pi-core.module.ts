import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AppsAuthService } from './auth/apps-auth.service.js';
import { PiAuthService } from './auth/pi-auth.service.js';
import { PiExceptionFilter } from './errors/pi-exception-filter.js';
import { PiApps } from './pi-apps.js';

/** What a Nest application has once, however many Pi apps it registers. */
@Module({
  providers: [
    PiApps,
    AppsAuthService,
    { provide: PiAuthService, useExisting: AppsAuthService },
    { provide: APP_FILTER, useClass: PiExceptionFilter },
  ],
  exports: [PiApps, AppsAuthService, PiAuthService],
})
export class PiCoreModule {}
