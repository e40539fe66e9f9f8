import type { PiCallOptions } from './call-options.js';

/**
 * How the transport has to treat one call; rides along in the axios config.
 * A class, because axios copies plain objects deeply on every request.
 */
export class PiCall {
  /** Counted by the transport. */
  attempts = 0;

  constructor(
    /** Template, never with an id in it: `'GET /payments/{id}'`. For logs, metrics and errors. */
    readonly endpoint: string,
    /** Doing it twice is the same as doing it once, so a lost answer may be asked for again. */
    readonly repeatable: boolean,
    readonly options: PiCallOptions = {},
  ) {}
}

/** What an observer is told after each call. Nothing in it is secret, or of one payment. */
export interface PiCallReport {
  readonly endpoint: string;
  /** HTTP status of the last attempt; undefined when none was answered. */
  readonly status: number | undefined;
  readonly attempts: number;
  readonly durationMs: number;
}

export type PiCallObserver = (report: PiCallReport) => void;
