/** What is wrong with what was handed back signed, and what is against taking it, in the page's words. */
import { wordRefusal, type WordsOf } from '../../../base/refusal.ts'
import type { AgainstSigning } from '../../../payout/payout.ts'
import type { SignedFault } from '../../../rails/chain.ts'
import { signedFaultText } from '../../../rails/signedFault.ts'
import { amount, type Both, type Language } from '../../page/page.ts'
import { toldIn } from '../list/reasonWords.ts'

const money = (units: bigint): string => amount('pt-BR', units, 'BTC')
const names = (outpoints: readonly string[]): string =>
  outpoints.slice(0, 3).join(', ') + (outpoints.length > 3 ? ` e mais ${outpoints.length - 3}` : '')

const signedFaults: WordsOf<SignedFault> = {
  'too-long': ({ characters, maxCharacters }) =>
    `o texto tem ${characters} caracteres, e no máximo ${maxCharacters} são lidos`,
  empty: () => 'o texto está vazio',
  'not-encoded': () =>
    'não é hex nem base64: entregue um PSBT em base64 ou hex, ou a transação inteira em hex',
  'broken-psbt': () => 'começa como um PSBT e não pode ser lido: talvez falte uma parte, copie de novo',
  'no-transaction': () => 'não é um PSBT nem uma transação: talvez falte uma parte, copie de novo',
  'another-transaction': ({ txid, asked }) => `é outra transação, ${txid}; a pedida é ${asked}`,
  'inputs-added': ({ outpoints }) => `também gasta ${names(outpoints)}, que não foi pedido`,
  'inputs-missing': ({ outpoints }) => `não gasta ${names(outpoints)}, que foi pedido`,
  'lock-time': ({ found, asked }) => `vale a partir de ${found} (lock time), e o pedido é ${asked}`,
  version: ({ found, asked }) => `a versão é ${found}, e a pedida é ${asked}`,
  'input-count': ({ found, asked }) => `tem ${found} entradas, e foram pedidas ${asked}`,
  'input-order': () => 'as entradas estão em outra ordem',
  sequence: ({ input, found, asked }) =>
    `a entrada ${input} tem o número de sequência ${found}, e o pedido é ${asked}`,
  'legacy-script': ({ input }) =>
    `a entrada ${input} é desbloqueada como antes do segwit, que nossos endereços não usam`,
  'output-missing': ({ output, asked }) =>
    `falta a saída ${output}, de ${money(asked.units)} para ${asked.to}`,
  'output-elsewhere': ({ output, pays, asked }) =>
    `a saída ${output} paga ${money(pays.units)} a ${pays.to}; o pedido é ${money(asked.units)} a ${asked.to}`,
  'output-amount': ({ output, pays, asked }) =>
    `a saída ${output} paga ${money(pays.units)}; o pedido é ${money(asked.units)} a ${asked.to}`,
  'output-added': ({ pays }) => `tem uma saída a mais, de ${money(pays.units)} para ${pays.to}`,
  'other-key': ({ input }) => `a entrada ${input} foi assinada com uma chave que não é a do endereço dela`,
  'loose-encoding': ({ input }) =>
    `a assinatura da entrada ${input} não segue a codificação exigida (BIP 66)`,
  'not-key-alone': ({ input }) => `a entrada ${input} não é desbloqueada só pela chave dela`,
  'hash-type': ({ input, type }) => {
    const name = typeof type === 'string' ? type : `o tipo ${type}`
    return `a entrada ${input} foi assinada com ${name}: a assinatura precisa cobrir a transação inteira (SIGHASH_ALL)`
  },
  'bad-signature': ({ input }) =>
    `a assinatura da entrada ${input} não confere: foi feita com outra chave, ou para outro valor ou transação`,
  'plan-unreadable': ({ said }) => `o que foi pedido não pode mais ser lido: “${said}”`,
}

export const signedFaultIn = (lang: Language, fault: SignedFault): string =>
  lang === 'en' ? signedFaultText(fault) : wordRefusal(signedFaults, fault)!

/** What books, rail and policy found is quoted as it was said. */
export const againstSigning: Both<WordsOf<AgainstSigning>> = {
  'pt-BR': {
    'not-as-owed': ({ what }) => `Não é o que é devido e foi aprovado: “${what.join(', ')}”.`,
    objected: ({ why }) =>
      `Há uma objeção: ${toldIn('pt-BR', why)}. Cancele o pacote, e os outros repasses dele saem em outro.`,
    policy: ({ said }) => `A política de assinatura não permite: “${said}”.`,
    ended: () => 'O pacote foi cancelado, ou a transação não pode mais entrar em nenhum bloco.',
  },
  en: {
    'not-as-owed': ({ what }) => `It is not what is owed and was approved: “${what.join(', ')}”.`,
    objected: ({ why }) =>
      `Somebody objects: ${toldIn('en', why)}. Cancel the bundle, and its other payouts go in another one.`,
    policy: ({ said }) => `The signing policy does not allow it: “${said}”.`,
    ended: () => 'The bundle was canceled, or the transaction can never be mined.',
  },
}
