import { PiError } from './pi-error.js';

export interface PiConfigurationProblem {
  /** What is wrong, with the value (never a secret). */
  readonly problem: string;
  /** What to do about it. */
  readonly fix: string;
}

/** 500: the module is set up wrongly. Thrown at boot wherever possible, naming every problem and its fix at once. */
export class PiConfigurationError extends PiError {
  readonly code = 'PI_CONFIGURATION' as const;
  readonly retryable = false as const;
  readonly problems: readonly PiConfigurationProblem[];

  constructor(problems: readonly PiConfigurationProblem[]) {
    const lines = problems.map(({ problem, fix }) => `  - ${problem}\n    Fix: ${fix}`);
    super({
      status: 500,
      code: 'PI_CONFIGURATION',
      message: `nestjs-pi is not configured correctly:\n${lines.join('\n')}`,
    });
    this.problems = problems;
  }

  /** The problems are for the operator (`message`, logs); a client learns only that there is one. */
  override getResponse(): { statusCode: number; errorCode: string; message: string } {
    return {
      statusCode: 500,
      errorCode: this.code,
      message: 'The Pi integration of this server is not configured correctly.',
    };
  }
}
