import { PiConfigurationError } from './errors/pi-configuration-error.js';

/** The names of the Pi apps registered in this Nest application. */
export class PiApps {
  private readonly names = new Set<string>();

  /** @throws PiConfigurationError when the name is taken: which of the two would be injected would be chance. */
  claim(name: string): void {
    if (this.names.has(name)) {
      throw new PiConfigurationError([
        name === ''
          ? {
              problem: 'PiModule is registered twice without a name.',
              fix: "Register it once, in the root module (it is global), or name the others: PiModule.forRoot({ name: 'testnet', … }).",
            }
          : {
              problem: `PiModule is registered twice with the name "${name}".`,
              fix: 'Give each registration a name of its own, or remove one.',
            },
      ]);
    }
    this.names.add(name);
  }

  list(): readonly string[] {
    return [...this.names];
  }
}
