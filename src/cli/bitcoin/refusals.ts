/** Why an act on a bundle was not done, as commands say it. */
import type { WordsOf } from '../../base/refusal.ts'
import { againstText, unreadSentence, type BundleRefusal } from '../../payout/payout.ts'
import { signedFaultText } from '../../rails/signedFault.ts'

export const bundleRefusals: WordsOf<BundleRefusal> = {
  'bundle-unknown': ({ id }) => `there is no bundle "${id}": "repasse bitcoin bundle list" shows them`,
  'bundle-state': ({ id, state }) => `bundle ${id} is ${state}: only one that no block has can be canceled`,
  'bundle-canceling': ({ id }) =>
    `bundle ${id} is being canceled already: "repasse bitcoin bundle show ${id}"`,
  'bundle-coins-too-few': ({ id }) =>
    `bundle ${id} cannot be canceled: its coins do not cover the fee of spending them to ourselves`,
  'node-silent': ({ said }) =>
    `the node is needed to cancel a bundle: ${said ?? 'the chain was not looked at yet'}`,
  'chain-unread': ({ unread }) => unreadSentence(unread),
  'nothing-to-sign': () => 'no bundle waits for a signature: "repasse bitcoin psbt list" shows those that do',
  'signed-in-part': ({ bundle }) =>
    `it is the transaction of bundle ${bundle}, but not every input is signed: have it signed by all its keys`,
  'signed-another': ({ faults }) =>
    `it is not what was asked for:\n${faults.map(({ bundle, fault }) => `  ${bundle}: ${signedFaultText(fault)}`).join('\n')}`,
  'signed-replaced': ({ txid, bundle }) =>
    `${txid} is needed no more: another transaction of bundle ${bundle} was mined in its place`,
  'signed-canceled': ({ bundle, txid }) =>
    `bundle ${bundle} is being canceled: what is to be signed is ${txid}`,
  'not-signed': ({ against }) => againstText(against),
}
