import type { ResolvedEmulatorOptions } from '../emulator.options.js';
import type { IdSource } from '../ids.js';
import { Pioneers } from './pioneers.js';

/** What Pi's servers know of the app: its Pioneers, payments, ads and notifications. */
export class Platform {
  readonly pioneers: Pioneers;

  constructor(
    readonly options: ResolvedEmulatorOptions,
    ids: IdSource,
  ) {
    this.pioneers = new Pioneers(options.appId, ids);
  }
}
