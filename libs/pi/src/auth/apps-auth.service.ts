import { PiConfigurationError } from '../errors/pi-configuration-error.js';
import { PiAuthService } from './pi-auth.service.js';
import type { ForgetListener } from './pi-auth.service.js';
import type { Pioneer } from './pioneer.js';

/**
 * The `PiAuthService` a guard is given: one for all Pi apps of the Nest application. By itself it speaks for the unnamed app;
 * `forApp` selects another.
 */
export class AppsAuthService extends PiAuthService {
  private readonly apps = new Map<string, PiAuthService>();
  private unnamed: PiAuthService | undefined;

  add<T extends PiAuthService>(app: string, service: T): T {
    this.apps.set(app, service);
    if (app === '') this.unnamed = service;
    return service;
  }

  override peek(token: string): Pioneer | undefined {
    return (this.unnamed ?? this.forApp()).peek(token);
  }

  override verify(token: string, options?: { signal?: AbortSignal }): Promise<Pioneer> {
    return (this.unnamed ?? this.forApp()).verify(token, options);
  }

  override forget(token: string): Promise<void> {
    return (this.unnamed ?? this.forApp()).forget(token);
  }

  override onForget(token: string, listener: ForgetListener): () => void {
    return (this.unnamed ?? this.forApp()).onForget(token, listener);
  }

  override forApp(name = ''): PiAuthService {
    const service = this.apps.get(name);
    if (service) return service;
    const names = [...this.apps.keys()].map((known) => (known === '' ? 'the unnamed one' : `"${known}"`)).join(', ');
    const wanted = name === '' ? 'unnamed Pi app' : `Pi app named "${name}"`;
    throw new PiConfigurationError([
      {
        problem: `A token is to be verified for the ${wanted}, which is not registered. Registered: ${names || 'none'}.`,
        fix:
          name === ''
            ? `Put @PiApp('name') on the route, its controller or the guard's caller.`
            : `Correct @PiApp('${name}'), or register it: PiModule.forRoot({ name: '${name}', … }).`,
      },
    ]);
  }
}
