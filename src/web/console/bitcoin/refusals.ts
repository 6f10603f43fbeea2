/** Why an act on a bundle was not done, in the page's words. */
import { wordRefusal, type WordsOf } from '../../../base/refusal.ts'
import type { BundleRefusal } from '../../../payout/payout.ts'
import type { SignedFault } from '../../../rails/chain.ts'
import type { Both, Language } from '../../page/page.ts'
import { unreadText } from '../frame/unreadWords.ts'
import { stateWord } from '../list/parts.tsx'
import { againstSigning, signedFaultIn } from './signedWords.ts'

const differences = (lang: Language, faults: readonly { bundle: string; fault: SignedFault }[]): string =>
  faults.map(({ bundle, fault }) => `${bundle}: ${signedFaultIn(lang, fault)}`).join('\n')

export const bundleRefusals: Both<WordsOf<BundleRefusal>> = {
  'pt-BR': {
    'bundle-unknown': ({ id }) => `Não há pacote ${id}.`,
    'bundle-state': ({ state }) =>
      `Este pacote está “${stateWord('pt-BR', 'bundle', state)}”: só se cancela o que não está em nenhum bloco.`,
    'bundle-canceling': () => 'Este pacote já está sendo cancelado.',
    'bundle-coins-too-few': () =>
      'As moedas deste pacote não cobrem a tarifa de devolvê-las a nós mesmos: ele não pode ser cancelado.',
    'node-silent': ({ said }) =>
      said === undefined
        ? 'A rede ainda não foi lida, e sem isso nenhum pacote é cancelado: espere alguns minutos.'
        : `O nó não respondeu, e sem ele nenhum pacote é cancelado: ${said}`,
    'chain-unread': ({ unread }) => unreadText('pt-BR', unread),
    'nothing-to-sign': () => 'Nenhum pacote espera uma assinatura agora.',
    'signed-in-part': ({ bundle }) =>
      `É a transação do pacote ${bundle}, mas nem todas as entradas estão assinadas.`,
    'signed-another': ({ faults }) => differences('pt-BR', faults),
    'signed-replaced': ({ txid, bundle }) =>
      `${txid} não é mais necessária: outra transação do pacote ${bundle} entrou em um bloco no lugar dela.`,
    'signed-canceled': ({ bundle, txid }) =>
      `O pacote ${bundle} está sendo cancelado: a transação a assinar é ${txid}.`,
    'not-signed': ({ against }) => wordRefusal(againstSigning['pt-BR'], against)!,
  },
  en: {
    'bundle-unknown': ({ id }) => `There is no bundle ${id}.`,
    'bundle-state': ({ state }) =>
      `This bundle is “${stateWord('en', 'bundle', state)}”: only one that no block has can be canceled.`,
    'bundle-canceling': () => 'This bundle is being canceled already.',
    'bundle-coins-too-few': () =>
      'The coins of this bundle do not cover the fee of spending them to ourselves: it cannot be canceled.',
    'node-silent': ({ said }) =>
      said === undefined
        ? 'The chain was not read yet, and until then no bundle is canceled: wait some minutes.'
        : `The node did not answer, and without it no bundle is canceled: ${said}`,
    'chain-unread': ({ unread }) => unreadText('en', unread),
    'nothing-to-sign': () => 'No bundle waits for a signature now.',
    'signed-in-part': ({ bundle }) =>
      `It is the transaction of bundle ${bundle}, but not every input is signed.`,
    'signed-another': ({ faults }) => differences('en', faults),
    'signed-replaced': ({ txid, bundle }) =>
      `${txid} is needed no more: another transaction of bundle ${bundle} was mined in its place.`,
    'signed-canceled': ({ bundle, txid }) =>
      `Bundle ${bundle} is being canceled: the transaction to sign is ${txid}.`,
    'not-signed': ({ against }) => wordRefusal(againstSigning.en, against)!,
  },
}
