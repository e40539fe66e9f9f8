import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { PiError } from './pi-error.js';

/**
 * Answers a {@link PiError} with its body and its headers (`WWW-Authenticate`, `Retry-After`), which Nest's own filter does not set.
 * Speaks through the HTTP adapter, so Express and Fastify are alike. `PiModule` registers it as `APP_FILTER`.
 */
@Injectable()
@Catch(PiError)
export class PiExceptionFilter implements ExceptionFilter<PiError> {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: PiError, host: ArgumentsHost): unknown {
    switch (host.getType<string>()) {
      case 'http':
        return this.reply(error, host);
      case 'rpc':
        // What an RPC filter returns has to be an Observable.
        return throwError(() => error.getResponse());
      default:
        // GraphQL treats a returned error like a thrown one, and formats it itself.
        return error;
    }
  }

  private reply(error: PiError, host: ArgumentsHost): void {
    const adapter = this.adapterHost.httpAdapter;
    const response: unknown = host.switchToHttp().getResponse();
    if (adapter.isHeadersSent(response)) {
      adapter.end(response);
      return;
    }
    for (const [name, value] of Object.entries(error.headers)) adapter.setHeader(response, name, value);
    adapter.reply(response, error.getResponse(), error.getStatus());
  }
}
