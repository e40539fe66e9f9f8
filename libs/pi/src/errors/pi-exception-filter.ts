import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { throwError } from 'rxjs';
import { PiConfigurationError } from './pi-configuration-error.js';
import { PiError } from './pi-error.js';

/**
 * Answers a {@link PiError} with its body and its headers (`WWW-Authenticate`, `Retry-After`), which Nest's own filter does not set.
 * Speaks through the HTTP adapter, so Express and Fastify are alike. What is configured wrongly is for the log, and hidden from clients.
 * `PiModule` registers it as `APP_FILTER`.
 */
@Injectable()
@Catch(PiError)
export class PiExceptionFilter implements ExceptionFilter<PiError> {
  private readonly logger = new Logger('PiModule');

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: PiError, host: ArgumentsHost): unknown {
    if (error instanceof PiConfigurationError) this.logger.error(error.message);
    switch (host.getType<string>()) {
      case 'http':
        return this.reply(error, host);
      case 'rpc':
        // What an RPC filter returns has to be an Observable.
        return throwError(() => error.getResponse());
      default:
        // GraphQL treats a returned error like a thrown one, and formats it itself.
        return error instanceof PiConfigurationError ? hidden(error) : error;
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

/** GraphQL shows an error's message. */
function hidden(error: PiConfigurationError): HttpException {
  const { extensions } = error;
  return Object.assign(new HttpException(error.getResponse(), error.getStatus()), { extensions });
}
