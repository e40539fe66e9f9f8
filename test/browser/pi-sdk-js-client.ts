/**
 * A page whose client makes the calls of Pi's own `pi-sdk-js`, and only those: it asks for `payments` and `username`,
 * posts to relative `pi_payment/…` routes, sends a token with `approve` alone, ignores the status, and reads every answer
 * as JSON.
 *
 * @see https://github.com/pi-apps/pi-sdk-js
 */
export const piSdkJsPage = (sdkUrl: string): string => `<!doctype html>
<html lang="en"><title>A page with pi-sdk-js</title><script src="${sdkUrl}"></script><body><script>
class PiClient {
  answers = [];
  problems = [];
  async connect() {
    Pi.init({ version: '2.0', sandbox: true });
    const { accessToken, user } = await Pi.authenticate(['payments', 'username'], (payment) => this.incomplete(payment));
    this.accessToken = accessToken;
    this.user = user;
  }
  async post(route, body) {
    try {
      const response = await fetch('pi_payment/' + route, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify(body),
      });
      this.answers.push({ route, answer: await response.json() });
    } catch (error) {
      this.problems.push(route + ': ' + error.message);
    }
  }
  incomplete(payment) {
    return this.post('incomplete', { paymentId: payment.identifier, transactionId: payment.transaction?.txid || null });
  }
  createPayment(data) {
    Pi.createPayment(data, {
      onReadyForServerApproval: (paymentId) => this.post('approve', { paymentId, accessToken: this.accessToken }),
      onReadyForServerCompletion: (paymentId, transactionId) => this.post('complete', { paymentId, transactionId }),
      onCancel: (paymentId) => this.post('cancel', { paymentId }),
      onError: (error, payment) => payment && this.post('error', { paymentId: payment.identifier, error }),
      onIncompletePaymentFound: (payment) => this.incomplete(payment),
    });
  }
}
window.client = new PiClient();
</script></body></html>`;

/** What the page has. */
export interface PiSdkJsPage {
  readonly client: {
    readonly answers: { route: string; answer: { paymentId?: string; status?: string } }[];
    readonly problems: string[];
    connect(): Promise<void>;
    createPayment(data: { amount: number; memo: string; metadata: Record<string, unknown> }): void;
  };
}
