/**
 * The words of what payouts wait for after a restore or an absence: a rail that is not read to its end, or
 * events that are not settled.
 */
import { isOnChain } from '../../../base/rails.ts'
import type { Unread } from '../../../payout/payout.ts'
import type { Both, Language } from '../../page/page.ts'

interface UnreadWords {
  bank: string
  bankReadAt: string
  bankNever: string
  bankEvents(count: bigint): string
  bankUnlisted(count: bigint): string
  chain: string
  chainTip(height: bigint): string
  chainNone: string
  chainEvents(count: bigint): string
  byItself: string
  runs: string
}

const pt: UnreadWords = {
  bank: 'Nenhum repasse sai pelo banco até o histórico dele ser lido até o fim, depois de uma restauração ou de um tempo sem leitura.',
  bankReadAt: 'Última leitura completa:',
  bankNever: 'Ainda não houve leitura completa.',
  bankEvents: count =>
    `Nenhum repasse sai pelo banco até os eventos lidos serem aplicados: ${count === 1n ? 'falta 1' : `faltam ${count}`}.`,
  bankUnlisted: count =>
    `O banco não lista quais pagamentos foram estornados nesse tempo, por isso o histórico de cada cobrança é lido antes do repasse: ${count === 1n ? 'falta 1' : `faltam ${count}`}.`,
  chain:
    'Nenhum repasse em bitcoin sai, depois da restauração, até a rede ser lida até o último bloco do nó.',
  chainTip: height => `Lida até o bloco ${height}; faltam os blocos seguintes e o mempool.`,
  chainNone: 'Nenhum bloco foi lido ainda.',
  chainEvents: count =>
    `Nenhum repasse em bitcoin sai até os eventos lidos da rede serem aplicados: ${count === 1n ? 'falta 1' : `faltam ${count}`}.`,
  byItself: 'Acontece sozinho em poucos minutos; se demorar, veja as',
  runs: 'execuções',
}

const en: UnreadWords = {
  bank: 'No payout goes out through the bank until its history is read to the end, after a restore or a time without reading.',
  bankReadAt: 'Last read to the end:',
  bankNever: 'It was never read to the end.',
  bankEvents: count =>
    `No payout goes out through the bank until the events that were read are settled: ${count} left.`,
  bankUnlisted: count =>
    `The bank does not list which payments went back meanwhile, so the history of each invoice is read before its payout: ${count} left.`,
  chain: 'After the restore, no bitcoin payout goes out until the chain is read up to the node’s last block.',
  chainTip: height => `It is read up to block ${height}; later blocks and the mempool are missing.`,
  chainNone: 'No block is read yet.',
  chainEvents: count =>
    `No bitcoin payout goes out until the events that were read are settled: ${count} left.`,
  byItself: 'This happens by itself within minutes; if it takes longer, see the',
  runs: 'runs',
}

export const unreadWords: Both<UnreadWords> = { 'pt-BR': pt, en }

/** The same as one text, where a page has no room for more. */
export function unreadText(lang: Language, unread: Unread): string {
  const say = unreadWords[lang]
  if (unread.code === 'unsettled')
    return (isOnChain(unread.rail) ? say.chainEvents : say.bankEvents)(unread.events)
  if (unread.code === 'unlisted') return say.bankUnlisted(unread.payouts)
  if ('readAt' in unread) return say.bank
  return `${say.chain} ${unread.tip === null ? say.chainNone : say.chainTip(unread.tip)}`
}
