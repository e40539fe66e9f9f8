/**
 * What the page does with `window.Pi`: the same calls, in the same order, as Pi's own `pi-sdk-js`. Everything the
 * backend needs travels over the five relative `pi_payment/` routes.
 */

// Without wallet_address the shop cannot pay a refund or a reward: Pi answers `missing_scope`.
const SCOPES = ['username', 'payments', 'wallet_address'];

let accessToken;

export const isPiLoaded = () => typeof globalThis.Pi?.init === 'function';

export async function signIn() {
  if (!isPiLoaded()) throw new Error("Pi's SDK did not load. Open the shop in the Pi Browser, or start the emulator.");
  await Pi.init({ version: '2.0' });
  const auth = await Pi.authenticate(SCOPES, (payment) =>
    post('incomplete', { paymentId: payment.identifier, transactionId: payment.transaction?.txid ?? null }),
  );
  accessToken = auth.accessToken;
  return auth;
}

/** Resolves with how the payment ended: `paid`, `cancelled` or `failed`. */
export function buy(product, { onProgress } = {}) {
  return new Promise((settle) => {
    const payment = {
      amount: Number(product.price),
      memo: `${product.name} from the Corner Shop`,
      metadata: { productId: product.id },
    };
    Pi.createPayment(payment, {
      async onReadyForServerApproval(paymentId) {
        const answer = await post('approve', { paymentId, accessToken });
        // A refusal is final; anything else, like Pi being away, is tried again by the SDK.
        if (answer.statusCode >= 400 && answer.statusCode < 429) settle({ outcome: 'failed', reason: answer.message });
      },
      async onReadyForServerCompletion(paymentId, transactionId) {
        onProgress?.('Paid. The shop is checking the ledger…');
        const answer = await post('complete', { paymentId, transactionId });
        if (answer.status === 'delivered' || answer.status === 'completed') settle({ outcome: 'paid', paymentId });
      },
      async onCancel(paymentId) {
        // The shop looks at Pi by itself as well: the page need not wait for it.
        await post('cancel', { paymentId }).catch(() => undefined);
        settle({ outcome: 'cancelled' });
      },
      async onError(error, dto) {
        if (dto) {
          const report = { paymentId: dto.identifier, error: String(error.message ?? error) };
          await post('error', report).catch(() => undefined);
        }
        settle({ outcome: 'failed', reason: error.message });
      },
    });
  });
}

/** The ad's id when it was watched to the end, else undefined. */
export async function watchAd() {
  const features = await Pi.nativeFeaturesList();
  if (!features.includes('ad_network')) throw new Error('This Pi Browser cannot show ads. Please update it.');
  const { ready } = await Pi.Ads.isAdReady('rewarded');
  if (!ready) {
    const { result } = await Pi.Ads.requestAd('rewarded');
    if (result !== 'AD_LOADED') throw new Error('No ad is available right now.');
  }
  const shown = await Pi.Ads.showAd('rewarded');
  return shown.result === 'AD_REWARDED' ? shown.adId : undefined;
}

async function post(route, body) {
  const response = await fetch(`pi_payment/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}
