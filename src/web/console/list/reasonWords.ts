/**
 * Reasons in Portuguese, each from its code and values. What providers, checks and people said is quoted as
 * they said it.
 */
import {
  reasonBehind,
  sentence,
  type Code,
  type DetailOf,
  type KeptReason,
  type Told,
} from '../../../base/reasons.ts'
import { amount, moment } from '../../page/tell.ts'
import type { Language } from '../../page/page.ts'

type Words = { [C in Code]: (detail: DetailOf<C>) => string }

const quoted = (said: string) => (said === '' ? '' : `“${said}”`)
const real = (units: string) => amount('pt-BR', BigInt(units), 'BRL')
const btc = (units: string) => amount('pt-BR', BigInt(units), 'BTC')
const many = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`
const instant = (at: string) => moment('pt-BR', at)

const pers: Record<string, string> = {
  payout: 'por repasse',
  hour: 'por hora',
  day: 'por dia',
  week: 'por semana',
  month: 'por mês',
}
const periods: Record<string, string> = { day: 'dia', week: 'semana', month: 'mês', year: 'ano' }
const bundleStates: Record<string, string> = {
  planned: 'planejado',
  signed: 'assinado',
  sent: 'enviado',
  mined: 'em um bloco',
}
/** Of invoices, orders, payouts and transfers, here and at the bank. */
const states: Record<string, string> = {
  draft: 'em rascunho',
  issuing: 'em emissão',
  issued: 'emitida',
  unsure: 'sem resposta do banco',
  sending: 'em envio',
  ordered: 'em envio',
  overdue: 'vencida',
  expired: 'expirada',
  canceled: 'cancelada',
  paid: 'paga',
  credited: 'creditada',
  reversed: 'estornada',
  refused: 'recusada',
  created: 'criada',
  processing: 'em processamento',
  success: 'concluída',
  failed: 'não concluída',
  unknown: 'em situação desconhecida',
  refunded: 'devolvida',
  sent: 'enviada',
  seen: 'vista',
  underpaid: 'paga em parte',
  confirming: 'em confirmação',
  late: 'paga com atraso',
  open: 'em aberto',
  kept: 'resolvida de outro modo',
  approved: 'aprovada',
  withdrawn: 'retirada',
  listed: 'colocada na loja',
  removed: 'tirada da loja',
  awaiting: 'aguardando pagamento',
}
const state = (name: string) => states[name] ?? name
const changedTerms: Record<string, string> = {
  cron: 'horário',
  zone: 'fuso',
  starts: 'início',
  ends: 'fim',
  countFrom: 'quantidade mínima',
  countTo: 'quantidade máxima',
  amountFrom: 'valor mínimo',
  amountTo: 'valor máximo',
  currency: 'moeda',
  dueInMs: 'prazo',
  payTo: 'conta de repasse',
  commissionBp: 'comissão',
  leastPayout: 'menor repasse',
  catchUp: 'recuperação',
  watchMs: 'espera',
  fineBp: 'multa',
  interestBp: 'juros',
  expiresInMs: 'validade',
  discounts: 'descontos',
  roster: 'pagadores',
}
const ends: Record<string, string> = {
  'insufficient balance': 'saldo insuficiente',
  failed: 'o banco não conseguiu pagar',
  canceled: 'cancelado no banco',
}
const withSaid = (words: string, said: string) => (said === '' ? words : `${words}: ${quoted(said)}`)
const beyond = ({ over, late }: { over?: string; late?: string }) =>
  (over === undefined ? '' : `, ${over} satoshis além do cobrado`) +
  (late === undefined ? '' : `, e ${late} chegaram com atraso: uma pessoa decide sobre eles`)
const lookThenGo = 'confira o que está retido, e depois libere os repasses'
const toAccount = (isOfAccount: boolean) => (isOfAccount ? ' da conta dele' : '')

export const portuguese: Words = {
  said: ({ said }) => quoted(said),
  'said-by': ({ by, said }) => withSaid(by, said),
  'said-by-two': ({ madeBy, by, said }) => withSaid(`${madeBy} e ${by}`, said),
  edited: ({ finding }) => `alterado no banco de dados por fora do programa: ${quoted(finding)}`,

  'nothing-to-pay': ({ units, asset }) =>
    `é de ${amount('pt-BR', BigInt(units), asset)}: não resta nada a repassar`,
  'nothing-left': () => 'não resta nada depois das tarifas',
  'below-smallest': () => 'abaixo do menor repasse do agendamento',
  'account-only-said': ({ account }) =>
    `a aprovação da conta ${account} foi declarada e não comprovada: quem aprova assina na página dela`,
  'terms-only-said': ({ schedule }) =>
    `os termos do agendamento ${schedule} foram declarados e não comprovados: quem aprova assina no painel`,
  'account-cooling': ({ account, from }) =>
    `a conta ${account} foi aprovada há pouco, e recebe a partir de ${instant(from)} (COOLING_OFF)`,
  'account-objected': ({ account, by, said }) => withSaid(`alguém contesta a conta ${account} (${by})`, said),
  'account-unpayable': ({ fault }) => withSaid('não é possível pagar à conta', fault),
  'above-limit': ({ units, cap, asset, per, ofAccount }) =>
    `${amount('pt-BR', BigInt(units), asset)} está acima do limite${toAccount(ofAccount)} de ${amount('pt-BR', BigInt(cap), asset)} ${pers[per] ?? per}: proponha pagar mesmo assim`,
  'limit-used-up': ({ cap, asset, per, ofAccount }) =>
    `o limite${toAccount(ofAccount)} de ${amount('pt-BR', BigInt(cap), asset)} ${pers[per] ?? per} está usado: segue sozinho quando houver espaço`,
  'insufficient-balance': ({ units }) => `saldo insuficiente: o banco tem ${real(units)}`,
  'cannot-be-ordered': ({ fault }) => withSaid('não pode ser enviado', fault),
  'cannot-be-looked-up': ({ fault }) => withSaid('não pode ser consultado', fault),
  'cannot-be-asked-about': ({ fault }) => withSaid('o banco não pode ser consultado sobre ele', fault),
  'cannot-be-planned': ({ fault }) => withSaid('não pode ser planejado', fault),
  redirected: ({ madeBy, by, to, from, said }) =>
    withSaid(`${madeBy} e ${by}: para ${to} em vez de ${from}`, said),
  resized: ({ now, before, because }) => `agora de ${real(now)}, era ${real(before)}: ${say(because)}`,
  'being-refunded': () => 'o pagador está recebendo o dinheiro de volta',
  'refund-not-done': () => 'duas pessoas pediram o estorno, e o banco não o fez',
  'set-off': () => 'abatido do que o favorecido deve',
  'kept-back-too-much': () => 'com o que foi retido a mais',
  'set-off-resized': ({ because, before, now }) => `${say(because)}: ${real(before)} agora é ${real(now)}`,

  'order-about-to-be-sent': ({ number }) => `a ordem ${number} vai ser enviada`,
  'about-to-ask-bank': () => 'o banco vai ser chamado',
  'bank-accepted': () => 'o banco aceitou',
  'answer-not-written-down': () => 'ninguém registrou a resposta',
  'asked-by-key': () => 'o banco foi consultado pela chave',
  'absent-and-changed': ({ order }) =>
    `o banco não mostra a ordem ${order}, e o valor devido mudou desde que ela foi feita`,
  'absent-so-repeated': () => 'ausente duas vezes, e por isso enviada de novo com a mesma chave',
  'several-transfers': ({ transfers }) =>
    `o banco mostra ${transfers.length} transferências vivas ou pagas para a cobrança: ${transfers.join(', ')}`,
  'given-up-but-shown': ({ order, status }) =>
    `a ordem ${order} foi dada como encerrada, mas no banco está ${state(status)}`,
  'given-up-and-alive': () => 'uma ordem dada como encerrada está viva no banco',
  'given-up-as': ({ order, state: name }) =>
    `a ordem ${order} foi dada como ${state(name)}, e está em andamento no banco`,
  'paid-after-given-up': ({ order, state: name }) =>
    `a ordem ${order} foi dada como ${state(name)}, e o banco a pagou`,
  'shown-under-key': ({ order, status, restored }) =>
    `no banco está ${state(status)} com ${order}, ${restored ? 'enviada depois do backup restaurado aqui' : 'por nenhuma ordem destes livros'}`,
  'booked-as-external': ({ order, status }) =>
    `no banco está ${state(status)} com ${order}, que foi lançada como externa`,
  'ordered-after-backup': () => 'enviada depois do backup restaurado aqui',
  'several-paid': ({ count }) => `o banco pagou ${count} transferências com a mesma chave`,
  'transfer-differs': ({ transfer }) =>
    `a transferência ${transfer} difere do que foi pedido no valor ou no favorecido`,
  'order-failed': ({ end, said }) => withSaid(ends[end] ?? end, said.join('; ')),
  'order-without-trace': ({ order }) => `o banco não tem sinal da ordem ${order}`,
  'sent-back': () => 'o banco do favorecido devolveu',
  'transfer-for-another': ({ transfer }) => `a transferência ${transfer} não foi feita para este repasse`,
  'transfer-not-this-order': ({ transfer }) => `a transferência ${transfer} não é esta ordem`,
  'settlement-undone': ({ transfer }) =>
    `a transferência ${transfer}, pela qual foi liquidado, não o pagou: libere quando for para pagar`,

  'payment-orphaned': () => 'o pagamento dele saiu da cadeia de blocos',
  'payment-replaced': () => 'outra transação foi minerada no lugar do pagamento dele',
  'payment-shut-out': () => 'outra transação foi minerada no lugar dela',
  'paid-by-unknown': ({ txid }) =>
    `${txid}, que este sistema não conhece, paga à conta dele: libere só se não era este pagamento`,
  'settlement-left-chain': ({ txid }) =>
    `${txid}, pela qual foi liquidado, saiu da cadeia de blocos: volta a valer quando um bloco a tiver; senão, libere`,
  'settlement-mined-again': () => 'aquilo pelo qual foi liquidado está de novo em um bloco',
  'coins-spent': ({ count }) => many(count, 'moeda é gasta', 'moedas são gastas'),
  bundled: ({ note }) => withSaid('sai em um lote', note ?? ''),
  'node-has-it': () => 'um nó da rede a tem',
  'canceled-by': ({ by, said }) => withSaid(`${by} cancela`, said),
  'canceled-on-chain': () => 'as moedas foram gastas para nós mesmos: está cancelado',
  'coin-lost': () =>
    'uma moeda da transação foi gasta por outra pessoa, ou nunca chegou: veja se foi pago de outro modo e, se não, libere',
  'returned-by': ({ madeBy, by, said }) => withSaid(`${madeBy} e ${by} devolvem`, said),
  'for-refund': ({ payout }) => `só para o estorno ${payout}`,
  'payouts-stopped': ({ fault }) => withSaid('os repasses estão parados', fault),
  policy: ({ fault }) => withSaid('a política de assinatura não permite', fault),
  'too-many-coins': () => 'precisa de mais moedas do que uma transação pode gastar',
  'share-leaves-dust': () => 'depois da parte dele na tarifa de rede restaria valor ínfimo',
  'coins-do-not-cover': () => 'as moedas já profundas o bastante ainda não cobrem o valor',
  'network-too-dear': ({ fault }) => withSaid('a rede está cara demais', fault),
  'cannot-go-out': ({ fault }) => withSaid('não pode ser assinado nem enviado', fault),
  'stalled-before-sent': () => 'este processo parou antes do envio: será escolhido de novo',
  'node-refuses': ({ said, excuse }) => withSaid('o nó recusa', `${said}; ${excuse}`),
  'no-better-fee-planned': ({ fault }) => withSaid('não foi possível planejar tarifa maior', fault),
  'better-fee-leaves-dust': () =>
    'não é possível oferecer tarifa maior: restaria valor ínfimo aos favorecidos',
  'better-fee-not-covered': () => 'não é possível oferecer tarifa maior: as moedas não a cobrem',
  'better-fee-too-dear': ({ fault }) => withSaid('não é possível oferecer tarifa maior', fault),
  'wallet-signed': () => 'a carteira do nó assinou',
  'handed-back-signed': ({ by }) => `${by} devolveu assinado`,
  'wallet-did-not-sign': ({ said }) => withSaid('a carteira não assinou', said),
  'wallet-lacks-keys': () => 'a carteira não tem todas as chaves: BITCOIN_WALLET é a de BITCOIN_DESCRIPTOR?',
  'wallet-signed-else': ({ fault }) => withSaid('a carteira assinou outra coisa', fault),
  'spent-the-same': ({ height }) => `o pagador gastou o mesmo no bloco ${height}`,
  'payer-replaced': () => 'o pagador a substituiu',

  'stopped-by-person': ({ by, said }) => withSaid(by, said),
  'said-before': ({ said }) => quoted(said),
  'restored-from': ({ file, at }) => `restaurado de ${file} em ${instant(at)}: ${lookThenGo}`,
  'restored-in-place': ({ at }) => `restaurado no próprio lugar em ${instant(at)}: ${lookThenGo}`,
  'payout-wrong': ({ payout, because }) => `${payout}: ${say(because)}`,
  'settlement-mined-and-ordered': ({ payout, txid, state: name }) =>
    `${payout}: ${txid}, pela qual foi liquidado, está de novo em um bloco, com a ordem ${state(name)}: pode ser pago duas vezes`,
  'passed-on-left-chain': ({ invoice, coin, payout, state: name }) =>
    `${invoice}: o pagamento ${coin} saiu da cadeia de blocos com a ordem do repasse ${payout} ${state(name)}`,
  'given-up-but-mined': ({ bundle, txid }) =>
    `${txid}, do pacote ${bundle}, foi minerada depois de dada como encerrada: veja o que foi pago duas vezes`,
  'node-refuses-ours': ({ bundle, txid, said }) => withSaid(`${bundle}: o nó da rede recusa ${txid}`, said),
  'coins-spent-by-unknown': ({ txid, restoredAt }) =>
    `${txid} gasta moedas nossas, e não é nossa: ${
      restoredAt === undefined
        ? 'mais alguém tem as chaves?'
        : `pode ter sido enviada depois do backup que foi restaurado em ${instant(restoredAt)}. Os repasses devidos às contas que ela paga estão retidos: compare com ela`
    }`,

  replayed: ({ by, said }) => withSaid(`reaplicado por ${by}`, said),
  rehearsed: () => 'ensaiado',
  unreadable: () => 'não pode ser lido como evento',
  undecryptable: () => 'não pode ser decifrado: veja “repasse keys status”',
  'cannot-be-applied': ({ fault }) => withSaid('não pôde ser aplicado', fault),
  'rail-not-configured': ({ rail }) => `o meio ${rail} não está configurado aqui`,
  'of-other-workspace': ({ workspace }) => `de outra conta no banco (${workspace})`,
  'of-no-use': () => 'de um tipo que este sistema não usa',
  'invoice-not-ours': ({ invoice }) => `a cobrança ${invoice} não foi emitida por nós`,
  'transfer-not-ours': ({ transfer }) => `a transferência ${transfer} não foi pedida por nós`,
  'order-not-ours': () => 'não foi pedida por nós',
  'was-before': ({ state: name }) => `já estava ${state(name)} antes`,
  'tag-missing': () => 'o banco mostra esta cobrança sem o nosso identificador',
  'not-listed-yet': () => 'o banco ainda não a lista',
  'other-at-bank': ({ invoice, shown }) => `${invoice} é ${shown} no banco`,
  'credit-not-come': ({ state: name }) => `aqui está ${state(name)}, e o crédito ainda não chegou`,
  'changes-nothing': ({ log }) => `${state(log)}: não muda nada aqui`,
  'shown-as': ({ status }) => `no banco está ${state(status)}`,
  'moved-first': () => 'outro processo já a tinha mudado',
  credited: () => 'creditada',
  'is-so-already': ({ state: name }) => `já está ${state(name)}`,
  'came-after': ({ state: name, before }) => `${state(name)} chegou depois de ${state(before)}`,
  'became-so': ({ state: name }) => state(name),
  'nothing-new-of': ({ log }) => `${state(log)}: nada de novo`,
  'outcome-not-shown': () => 'o banco ainda não mostra o que aconteceu',
  contradicts: () => 'contradiz o que pedimos: os repasses estão parados',
  'not-confirmed': ({ said }) => withSaid('o banco não confirmou', said),
  'more-known-before': () => 'já se sabia mais antes',
  'bank-said': ({ log }) => `o banco informou: ${state(log)}`,
  'chain-said': ({ kind, height }) =>
    `a cadeia de blocos informou ${kind}${height === undefined ? '' : ` no bloco ${height}`}`,
  'coin-unknown': () => 'fala de uma moeda desconhecida',
  'of-no-request': () => 'de nenhuma cobrança',
  'request-is': ({ state: name, because }) => `${state(name)}: ${say(because)}`,
  applied: ({ log }) => state(log),
  'came-of-it': ({ outcome }) => quoted(outcome),
  'statement-shows-it': () => 'o extrato mostra, e o banco foi consultado',
  'bank-asked': () => 'o banco foi consultado',
  'maybe-going-back': () => 'o dinheiro pode estar voltando ao pagador: o repasse espera',
  'nothing-more-back': () => 'nada mais voltou',
  'reversed-owed': () => 'estornada: o repasse é do que resta',
  'reversed-nothing-left': () => 'estornada, e o repasse parou',
  'reversed-settled': () => 'estornada: o repasse está liquidado',
  'reversed-owes': () => 'estornada depois do repasse: o favorecido deve o valor',
  'reversed-in-flight': () => 'estornada com o repasse em andamento: o fim dele decide',
  'money-here-again': () => 'o dinheiro que voltou está aqui de novo',
  'refund-approved': () => 'um estorno foi aprovado',
  'two-said-how-ended': () => 'duas pessoas disseram como terminou',
  'twin-credited-before': ({ of }) => `${of}: já creditada antes`,
  'twin-credited': ({ of }) => `${of}: o dinheiro é do pagador`,
  'twin-not-credited': ({ of }) => `${of}: o crédito ainda não chegou`,
  'twin-returned': ({ of }) => `${of}: o dinheiro voltou ao pagador`,
  'twin-nothing-back': ({ of }) => `${of}: nada mais voltou`,
  'twin-refund-under-way': ({ of }) => `${of}: o estorno está em andamento`,
  'twin-is': ({ of, state: name }) => `${of}: está ${state(name)}`,
  'twin-came-back': ({ of }) => `${of}: o dinheiro estornado voltou para a conta`,
  'twin-refund-failed': ({ of }) => `${of}: o estorno não foi feito`,
  'twin-no-refund': ({ of }) => `${of}: nenhum estorno estava em andamento`,
  'invoice-known-by-now': () => 'a cobrança já é conhecida',

  'drafted-for-slot': () => 'rascunho para o disparo',
  'drafted-for-order': () => 'rascunho para o pedido',
  'drafted-of-slot': ({ units, asset }) =>
    `rascunho para o disparo: ${amount('pt-BR', BigInt(units), asset)}`,
  'drafted-of-order': ({ units, asset }) =>
    `rascunho para o pedido: ${amount('pt-BR', BigInt(units), asset)}`,
  'bank-issued': () => 'o banco emitiu',
  'bank-left-it-out': () => 'o banco respondeu sem ela',
  'found-by-tag': () => 'encontrada no banco pelo identificador',
  'not-at-bank': () => 'o banco não a tinha, consultado duas vezes',
  'event-proves-issued': () => 'um evento prova que o banco a emitiu',
  'known-again': () => 'o banco a tinha, e estes livros a tinham esquecido',
  'maybe-issued-after-backup': () => 'pode ter sido emitida depois do backup',
  'maybe-shown-after-backup': () => 'o endereço pode ter sido mostrado depois do backup',
  'due-before-restore': () => 'venceu antes da restauração, e pode ter sido emitido depois do backup',
  'payer-undecryptable': () =>
    'o pagador não pode ser decifrado, e ninguém é cobrado: veja “repasse keys status”',
  'too-late-to-ask': () => 'o prazo acabou antes que pudesse ser cobrada',

  'canceled-by-person': () => 'cancelada por uma pessoa',
  decided: () => 'decidido por uma pessoa',
  'not-as-approved': () => 'não é o que foi aprovado: alguém alterou o banco de dados por fora do programa',
  'asking-bank': () => 'pedindo o estorno ao banco',
  'taken-on': () => 'o banco aceitou o estorno',
  'not-taken-on': () => 'o banco não recebeu o pedido: será feito de novo',
  failed: () => 'o banco não conseguiu devolver',
  'returned-at-bank': () => 'o pagador recebeu de volta',
  'credited-at-bank': () => 'o banco creditou o dinheiro',
  'came-back': () => 'o dinheiro estornado voltou para a conta',
  'seen-by-tag': () => 'encontrada no banco pelo identificador',
  'seen-in-event': () => 'vista em um evento do banco',
  'paid-meanwhile': () => 'paga antes que fosse cancelada',
  'canceled-here': () => 'cancelada por nós no banco',
  'over-at-bank': () => 'encerrada no banco',
  restored: () => 'banco de dados restaurado: confira antes de estornar de novo',
  later: ({ said }) => withSaid('o banco pediu para tentar mais tarde', said),
  'no-answer': ({ said }) => withSaid('o banco não respondeu', said),

  'paid-over-counter': () => 'é paga no balcão, então ninguém mais é consultado',
  'not-paid-in-time': () => 'ninguém a pagou no prazo',
  'received-by': ({ by, said }) => withSaid(`recebida por ${by}`, said),
  'handed-by': ({ by, said }) => withSaid(`entregue por ${by}`, said),
  'handover-confirmed': ({ by, said }) => withSaid(`confirmada por ${by}`, said),
  'maybe-handed-after-backup': () =>
    'uma cópia foi restaurada, e ele pode ter sido entregue depois dela: libere-o só se não foi',
  'receipt-taken-back': ({ maker, by, said }) => withSaid(`recebimento desfeito por ${maker} e ${by}`, said),
  'receipt-not-there': () => 'o recebimento foi desfeito enquanto o repasse estava sendo entregue',
  'receipt-over': () => 'foi desfeito e não vale mais',
  'held-before-taken-back': () =>
    'o recebimento foi desfeito e registrado de novo, e o repasse já estava retido antes: libere-o se nada o impedir',
  'not-a-receipt': () => 'os bytes não são um recibo',
  'receipt-not-said': () => 'ninguém o registrou: alguém o pôs aqui por fora deste programa',
  'receipt-of-nothing': ({ invoice }) => `não há uma cobrança ${invoice} que seja paga no balcão`,
  'receipt-differs': () => 'o valor da cobrança não é o recebido',
  'received-though': ({ state: name }) => `o estado é ${state(name)}, e ela foi recebida assim mesmo`,

  'address-its-own': ({ number }) => `o endereço ${number} da nossa conta é só dela`,
  'below-dust': ({ units, least }) =>
    `${btc(units)} está abaixo de ${btc(least)}, que nenhum nó repassa: cobre mais`,
  'time-has-passed': () => 'o tempo passou',
  'stood-so': ({ because, now }) => `${say(because)}: ${say(now)}`,
  'came-and-returned': () => 'o que chegou foi devolvido',
  'nothing-in-time': () => 'nada chegou no prazo',
  'nothing-yet': () => 'nada chegou ainda',
  'paid-late': () => 'paga depois do prazo: uma pessoa decide',
  'paid-in-part': () => 'paga em parte, e o prazo acabou: uma pessoa decide',
  missing: ({ units }) => `faltam ${units} satoshis`,
  deep: ({ depth, ...more }) => `${many(depth, 'bloco', 'blocos')} de profundidade${beyond(more)}`,
  'deep-not-ripe': ({ depth, later, ...more }) =>
    `${many(depth, 'bloco', 'blocos')} de profundidade, e a recompensa de um minerador pode ser gasta ${many(later, 'bloco', 'blocos')} depois${beyond(more)}`,
  'deep-of': ({ depth, of, ...more }) => `${depth} de ${of} blocos de profundidade${beyond(more)}`,
  confirmations: ({ depth, of, ...more }) => `${depth} de ${of} confirmações${beyond(more)}`,
  seen: more => `vista, ainda em nenhum bloco${beyond(more)}`,
  'give-back': ({ madeBy, by, units }) => `${madeBy} e ${by} devolvem ${btc(units)}`,
  'was-given-back': ({ madeBy, by }) => `${madeBy} e ${by} dizem que foi devolvido`,
  'refund-withdrawn': ({ by, said }) => withSaid(`${by} retirou o estorno`, said),
  'block-left': ({ height }) => `o bloco ${height} saiu da cadeia`,
  'shutting-block-left': ({ height }) => `o bloco ${height}, que a excluía, saiu da cadeia`,
  'node-forgot': () => 'o nó não a tem mais',
  'in-block': ({ height }) => `no bloco ${height}`,
  'in-mempool': () => 'vista no nó, ainda em nenhum bloco',
  'partial-accepted': ({ by, said }) => withSaid(`${by} aceitou o valor recebido`, said),

  'fell-due': () => 'chegou a hora',
  'fell-due-and-held': ({ because }) => `chegou a hora, e está retido: ${say(because)}`,
  'fell-due-long-ago': () => 'chegou a hora há mais de 7 dias',
  'later-one-due': () => 'um posterior também chegou, e o agendamento recupera só o último',
  'not-caught-up': () => 'chegou a hora com o programa parado, e o agendamento não recupera',
  'many-fell-due': ({ most }) => `mais de ${most} disparos chegaram com o programa parado`,
  'slots-before-wait': () => 'disparos anteriores esperam uma pessoa',
  'more-than-usual': ({ most }) =>
    `o que chegou com o programa parado cobra mais do que ${most} disparos normais`,
  'invoices-forgotten': ({ count, batches, units }) =>
    `desde o backup restaurado aqui ${count === 1 ? 'foi pedida' : 'foram pedidas'} ${many(count, 'cobrança', 'cobranças')} de ${many(batches, 'lote', 'lotes')}, ${real(units)} ao todo, que estes livros esqueceram, e este disparo pode estar entre elas: “repasse invoice forgotten” as lista`,
  'run-said': ({ summary }) => quoted(summary),
  'worker-gone': () => 'o processo dele não existe mais',
  claimed: () => 'em execução por um processo',
  'run-by-version': ({ version }) => `executado pela versão ${version}`,
  'run-asked-for': ({ by, said }) => withSaid(`${by} pediu uma execução agora`, said ?? ''),
  'brought-back': ({ until }) =>
    `os disparos foram vistos até ${instant(until)}, que ainda não chegou: trazido de volta para agora`,
  'other-payers': ({ version, by }) => `versão ${version}, com outros pagadores, por ${by}`,
  'other-terms': ({ version, changed, by }) =>
    `versão ${version}, com mudança em ${changed.map(name => changedTerms[name] ?? name).join(', ')}, por ${by}`,

  'added-by': ({ by }) => `incluído por ${by}`,
  'approved-by': ({ by }) => `aprovado por ${by}`,
  'proposed-by': ({ by }) => `proposto por ${by}`,
  'became-by': ({ state: name, by }) => `${state(name)} por ${by}`,
  'reset-by': ({ by }) => `acesso refeito por ${by}`,
  'locked-by': ({ by }) => `bloqueado por ${by}`,
  'unlocked-by': ({ by }) => `desbloqueado por ${by}`,
  'removed-by': ({ by }) => `removido por ${by}`,
  'invitation-accepted': () => 'aceitou o convite',
  'ended-by': ({ by, said }) => withSaid(`encerrado por ${by}`, said),
  'placed-in-shop': () => 'feito na loja',
  'new-code-asked-for': () => 'um novo código foi pedido',
  'order-is': ({ state: name }) => `pedido: ${state(name)}`,
  'mail-sent-again': ({ by }) => `${by} mandou enviar de novo`,
  'mail-never-sent': () =>
    'não foi enviado dentro de RETAIN_MAIL: nenhum servidor de e-mail está configurado',
  'buyer-forgotten': () => 'os dados do comprador foram apagados',
  'notice-of': ({ kind }) => `aviso: ${kind}`,
  'expired-with-part': () => 'o prazo acabou, e o que chegou não era o preço todo',
  'expired-unpaid': () => 'nada chegou por nenhum dos códigos',
  'rule-used-up': ({ rule, period }) =>
    `a regra ${rule} cobre, mas não mais em um ${periods[period] ?? period}`,
  'by-rule': ({ rule }) => `regra ${rule}`,
  'seen-in-statement': () => 'visto no extrato',
  'mail-server-accepted': () => 'o servidor de e-mail aceitou',
  'audit-anchored': () => 'a trilha de auditoria foi ancorada',
  paid: () => 'pago',
  'paid-after-expiry': () => 'pago depois de expirar',
  'paid-times': ({ count, invoices }) => `foi pago ${count} vezes: ${invoices.join(', ')}`,
  'its-payment-given-back': ({ payment }) => `o pagamento ${payment} foi estornado`,
  'its-payment-left-chain': ({ payment }) => `o pagamento ${payment} saiu da cadeia de blocos`,
  'paid-and-too-little-left': ({ products }) => `foi pago depois de expirar, e falta em estoque: ${products}`,
  several: ({ reasons }) => reasons.map(say).join('; '),
  'account-closed-since': ({ account }) => `não pode ser enviado, pois a conta ${account} está encerrada`,
  'account-awaits': ({ account }) => `espera a aprovação da conta ${account}`,
  'hand-over-unconfirmed': () => 'espera que outra pessoa confirme que o favorecido recebeu',
  'hand-over-waits': () => 'espera ser entregue',
  'bundle-unsigned': () => 'espera a assinatura',
  'bundle-unsent': () => 'está assinado e espera o envio',
  'bundle-unmined': () => 'espera entrar em um bloco',
  'bundle-shallow': () => 'espera mais blocos',
  'its-bundle': ({ bundle, because }) => `o pacote ${bundle} ${say(because)}`,
  'its-bundle-is': ({ bundle, state: name, because }) =>
    `o pacote ${bundle} está ${bundleStates[name] ?? name}: ${say(because)}`,
}

const say = (reason: Told): string =>
  typeof reason === 'string'
    ? quoted(reason)
    : (portuguese[reason.code] as (detail: unknown) => string)(reason.detail)

/** English for the reasons of duplicates and refunds, which \`why\` has always kept as codes. */
const spoken: Partial<Record<Code, string>> = {
  'canceled-by-person': 'canceled by a person',
  decided: 'decided by a person',
  'not-as-approved': 'it is not what was approved: somebody has changed the database past this program',
  'asking-bank': 'asking the bank for the refund',
  'taken-on': 'the bank accepted the refund',
  'not-taken-on': 'the bank did not receive the request: it is made again',
  failed: 'the bank could not give it back',
  'returned-at-bank': 'the payer got the money back',
  'credited-at-bank': 'the bank credited the money',
  'came-back': 'the refunded money came back',
  'seen-by-tag': 'found at the bank by its tag',
  'seen-in-event': 'seen in an event of the bank',
  'paid-meanwhile': 'paid before it could be canceled',
  'canceled-here': 'canceled by us at the bank',
  'over-at-bank': 'over at the bank',
  restored: 'the database was restored: check before refunding again',
  later: 'the bank asked to try later',
  'no-answer': 'the bank did not answer',
}

/** What was told of something: a reason of ours in the page's language, or words as they were said. */
export const toldIn = (lang: Language, why: Told): string =>
  typeof why === 'string' ? quoted(why) : reasonIn(lang, why)

export function reasonIn(lang: Language, reason: Exclude<Told, string>): string {
  if (lang === 'pt-BR') return say(reason)
  const said = (reason.detail as { said?: string } | undefined)?.said ?? ''
  const words = spoken[reason.code]
  return words === undefined ? sentence(reason) : withSaid(words, said)
}

/** Of a row; of words that are no reason of ours, as they were written down. */
export function whyIn(lang: Language, row: KeptReason & { why: string }): string {
  const reason = reasonBehind(row)
  return reason === undefined ? row.why : reasonIn(lang, reason)
}
