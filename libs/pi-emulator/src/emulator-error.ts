/** A call that makes no sense to the emulator: 400 (404 for an unknown thing, 409 for a wrong moment); nothing was changed. */
export class EmulatorError extends Error {
  override readonly name = 'EmulatorError';
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }

  /** What the control API answers. */
  toBody(): Record<string, unknown> {
    return { error: this.code, message: this.message };
  }
}
