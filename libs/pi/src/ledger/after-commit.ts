import { Logger } from '@nestjs/common';
import { messageOf } from './ledger-errors.js';

/** Starts work that was left for after a commit. Nobody waits for it, and its failure changes nothing: it is logged. */
export function runAfterCommit(work: () => unknown): void {
  void (async () => work())().catch((error: unknown) => {
    const stack = (error as { stack?: unknown } | null)?.stack;
    new Logger('PiLedger').error(
      `Work after a commit failed; the commit stands: ${messageOf(error)}`,
      typeof stack === 'string' ? stack : undefined,
    );
  });
}
