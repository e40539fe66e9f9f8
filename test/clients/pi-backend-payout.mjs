// A payout as the README of pi-backend shows it, by the package as it is published. Nothing in here knows the emulator:
// where https://api.testnet.minepi.com leads is the business of HTTPS_PROXY, and the Platform's address is an option.
import piBackend from 'pi-backend';

const { PI_API_KEY, PI_WALLET_PRIVATE_SEED, PI_PLATFORM, UID } = process.env;
const pi = new piBackend.default(PI_API_KEY, PI_WALLET_PRIVATE_SEED, { baseUrl: PI_PLATFORM });

const paymentId = await pi.createPayment({ amount: 1.25, memo: 'Refund', metadata: { productId: 'apples' }, uid: UID });
const txid = await pi.submitPayment(paymentId);
const completed = await pi.completePayment(paymentId, txid);
console.log(JSON.stringify({ paymentId, txid, completed, left: await pi.getIncompleteServerPayments() }));
