/**
 * The words of the console's overview: the money, what is next, what needs a person, and how the books stand.
 */
import type { AttentionKind } from '../../../queries/attention.ts'
import type { HeldAgainst } from '../../../ledger/ledger.ts'
import type { Both } from '../../page/page.ts'

interface OverviewWords {
  title: string
  money: string
  asOf: string
  counting: string
  countingUpTo: string
  assets: { BRL: string; BTC: string }
  none: string
  tiles: Record<
    | 'asked'
    | 'credited'
    | 'fees'
    | 'commission'
    | 'paidOn'
    | 'inTransit'
    | 'owed'
    | 'reversed'
    | 'receivable'
    | 'toPayers',
    string
  >
  next: string
  noNext: string
  addSchedule: string
  dueNow: string
  asks: string
  open: string
  /** Before the order of an invoice. */
  ofOrder: string
  noAsks: string
  /** What stands for the rest of a kind. */
  moreAsks: (count: number) => string
  books: string
  balanced: Record<HeldAgainst, string>
  unbalanced: Record<HeldAgainst, string>
  since: string
  looked: string
  notLooked: string
  failed: string
  noFailed: string
  unblock: string
  /**
   * What each is, before and after the link to it. `{why}`, `{of}`, `{since}`, `{units}` and `{number}` are
   * filled in.
   */
  ask: Record<AttentionKind, readonly [before: string, after: string]>
}

const pt: OverviewWords = {
  title: 'Visão geral',
  money: 'Dinheiro',
  asOf: 'Somado às',
  counting: 'Ainda somando tudo pela primeira vez. Atualize a página em alguns segundos.',
  countingUpTo: 'Somado até',
  assets: { BRL: 'Em reais, no banco e em espécie', BTC: 'Em bitcoin, pela rede' },
  none: 'Nada foi pedido ainda.',
  tiles: {
    asked: 'Pedido',
    credited: 'Recebido',
    fees: 'Tarifas e taxas',
    commission: 'Comissão',
    paidOn: 'Repassado',
    inTransit: 'Em trânsito',
    owed: 'A repassar',
    reversed: 'Estornado',
    receivable: 'A receber de favorecidos',
    toPayers: 'A estornar (duplicadas)',
  },
  next: 'Próximos disparos',
  noNext: 'Nenhum agendamento ativo.',
  addSchedule: 'Criar um agendamento',
  dueNow: 'agora',
  asks: 'Requer ação',
  open: 'Ver',
  ofOrder: 'Pedido:',
  noAsks: 'Nada requer ação.',
  moreAsks: count => `e mais ${count} como ${count === 1 ? 'este' : 'estes'}`,
  books: 'Livros',
  balanced: {
    books: 'Os livros fecham',
    bank: 'O saldo do banco confere com os livros',
    chain: 'As moedas na rede conferem com os livros',
  },
  unbalanced: {
    books: 'Os livros NÃO fecham',
    bank: 'O saldo do banco NÃO confere com os livros',
    chain: 'As moedas na rede NÃO conferem com os livros',
  },
  since: 'desde',
  looked: 'conferido em',
  notLooked: 'Ainda não foram conferidos: o processo “worker” confere ao começar e a cada cinco minutos.',
  failed: 'Últimas execuções que falharam',
  noFailed: 'Nenhuma falhou.',
  unblock: 'Os repasses estão parados:',
  ask: {
    'rail silent': ['', '{of} não responde desde {since}, então nada anda por lá: {why}'],
    'chain unread': ['', '{why}'],
    'bank unread': ['', '{why}'],
    'line out': [
      'A linha do extrato',
      'é de {units} que saíram do banco sem ordem nossa ({of}): os repasses estão parados.',
    ],
    'line in': [
      'A linha do extrato',
      'é de {units} que entraram no banco sem relação com nossas cobranças ({of}).',
    ],
    'payout unsure': ['O repasse', 'está sem resposta do banco há mais de 30 minutos: {why}'],
    'payout sent': ['O repasse', 'foi enviado e não há confirmação de que chegou.'],
    'payout waiting': ['O repasse', 'espera há mais de uma hora: {why}'],
    'handover unconfirmed': ['O repasse', 'foi entregue em mãos e ninguém mais confirmou.'],
    'handover waits': ['O repasse', 'de {units} espera para ser entregue em mãos há mais de um dia. {why}'],
    'payout owed': ['O repasse', 'está a pagar há mais tempo que o normal e não foi ordenado. {why}'],
    'invoice unsure': ['A cobrança', 'está sem resposta do banco há mais de 30 minutos.'],
    'invoice not issued': ['A cobrança', 'ainda não foi emitida, há mais de 15 minutos.'],
    'event waits': ['O evento', 'espera há mais de 15 minutos: {why}'],
    'catch-up waits': [
      'O agendamento',
      'tem disparos ({number}, desde {of}) que esperam a decisão de uma pessoa: {why}',
    ],
    'slot late': ['O disparo', 'do agendamento {of} já venceu e ainda não foi executado.'],
    'slot failed': ['O disparo', 'do agendamento {of} falhou e não será tentado de novo por si só.'],
    'account unsigned': [
      'A conta de repasse',
      'teve a aprovação declarada e não comprovada: os repasses para ela aguardam a assinatura de um aprovador.',
    ],
    'schedule held': ['O agendamento', 'está parado desde {of}: {why}'],
    'schedule unsigned': [
      'O agendamento',
      'teve os termos declarados e não comprovados: os repasses dele aguardam a assinatura de um aprovador.',
    ],
    'account waits': [
      'A conta de repasse',
      'foi aprovada há pouco: {number} a repassar, que esperam até {since}.',
    ],
    'account awaits': ['A conta de repasse', 'espera aprovação de uma segunda pessoa.'],
    'payout over limit': [
      'O repasse',
      'de {units} está acima do limite de {number} {why}: precisa de duas pessoas.',
    ],
    'limit used up': [
      'Limites de',
      'com repasses à espera há mais de uma hora: {number} ({units} {why}). Vão sozinhos quando houver espaço.',
    ],
    'account objected': [
      'À conta de repasse',
      'há uma objeção de {of}: nada é repassado para lá ({number} à espera) até que duas pessoas a encerrem. {why}',
    ],
    'limits objected': [
      'Aos limites de',
      'há uma objeção de {of}: vale o mais baixo entre antes e depois da mudança, até que duas pessoas a encerrem. {why}',
    ],
    'person objected': [
      'A',
      'há uma objeção de {of}: não aprova nem propõe nada até que outras duas pessoas a encerrem. {why}',
    ],
    'invitation opened twice': [
      'O convite de',
      'foi aberto em dois navegadores e cancelado: confirme com a pessoa e faça outro.',
    ],
    'person new': [
      '',
      'tem o papel de {of}, com link feito por {why}, e aprova a partir de {since}. Se isto não está certo, registre uma objeção.',
    ],
    'account notice failed': ['O aviso sobre a conta de repasse', 'não pôde ser enviado a {of}: {why}'],
    'limits notice failed': ['O aviso sobre os limites de', 'não pôde ser enviado a {of}: {why}'],
    'notice failed': ['O aviso sobre', 'não pôde ser enviado a {of}: {why}'],
    'anchor mail failed': ['A âncora do registro de auditoria para', 'não pôde ser enviada: {why}'],
    'proposal open': ['A proposta', 'espera uma segunda pessoa: {of} ({why}).'],
    'payout held': ['O repasse', 'está retido: {why}'],
    'payout returned': ['O repasse', 'voltou: {why}'],
    'event quarantined': ['O evento', 'está em quarentena: {why}'],
    'event conflict': ['O evento', 'veio com dois corpos diferentes.'],
    'invoice refused': ['A cobrança', 'foi recusada pelo banco.'],
    'request too small': ['A cobrança', 'é pequena demais para a rede, e ninguém foi cobrado.'],
    suspense: [
      'No banco,',
      'moveu {units} com a nossa identificação {why}, e estes livros não a conhecem: diga o que é.',
    ],
    'payee owes': ['A conta', 'deve {units}, de dinheiro que voltou aos pagadores.'],
    'payee is owed': [
      'Da conta',
      'foi retido {units} a mais: sai com o próximo repasse, ou é devolvido por outro meio.',
    ],
    'refund failed': [
      'O banco não estornou a cobrança',
      'a {of} ({units}): proponha outro estorno ou libere o repasse, que fica retido se ainda não saiu.',
    ],
    'refund late': [
      'O banco ainda não aceitou o estorno da cobrança',
      'a {of} ({units}), aprovado há mais de 30 minutos: veja se há saldo e se os repasses estão parados.',
    ],
    'cancel refused': ['O banco não cancela a cobrança', 'e {of} ainda pode pagá-la: {why}'],
    'cancel late': [
      'O banco não respondeu ao cancelamento da cobrança',
      'há mais de 30 minutos: {of} ainda pode pagá-la.',
    ],
    'reissue paid twice': [
      'A cobrança',
      'foi paga por {of}, e também {why}, que ela substituiu: estorne uma delas.',
    ],
    'reversal slow': [
      'O dinheiro da cobrança',
      'está voltando a {of} há mais de 30 minutos, e o banco não diz como terminou: veja no banco e diga na página da cobrança.',
    ],
    'duplicate paid': [
      'A cobrança',
      'foi paga duas vezes por {of}: {units} da cobrança duplicada {why} a devolver. Estorne ou diga como foi resolvida.',
    ],
    'duplicate paid alone': [
      'A cobrança',
      'não foi paga, mas {of} pagou a cobrança duplicada {why}: {units} a devolver. Estorne ou diga como foi resolvida.',
    ],
    'duplicate paid reversed': [
      'A cobrança',
      'foi estornada, e {of} pagou a cobrança duplicada {why}: {units} a devolver. Estorne ou diga como foi resolvida.',
    ],
    'duplicate not credited': [
      'A cobrança',
      'tem a duplicada {why}, em que {of} pagou {units}: o banco ainda não creditou.',
    ],
    'duplicate open': [
      'A cobrança',
      'tem a duplicada {why}, que {of} ainda pode pagar: o banco não a cancela há mais de 10 minutos.',
    ],
    'duplicate refund late': [
      'A cobrança',
      'tem a duplicada {why}: o estorno de {units} a {of} não chegou há mais de 30 minutos.',
    ],
    'duplicate returned': [
      'A cobrança',
      'tem a duplicada {why}, resolvida por fora, e o banco devolveu {units} mesmo assim: {of} talvez tenha recebido duas vezes.',
    ],
    order: ['O pedido', 'precisa de atenção: {why}'],
    'retention failed': [
      'Na execução',
      'dados pessoais antigos não foram todos eliminados, desde {since}: {why}',
    ],
    'letter failed': ['Do pedido', 'um e-mail não pôde ser enviado ({of}): {why}'],
    'invoices unread': [
      '',
      'As cobranças que o banco tem desde o backup restaurado ainda não foram lidas, e nada é emitido lá até então. Se o banco não as lista, confira lá e diga repasse invoice forgotten --looked-at.',
    ],
    'invoices forgotten': [
      '',
      '{number} cobranças, {units} ao todo, foram emitidas depois do backup restaurado e não estão nestes livros: repasse invoice forgotten mostra quais. Até alguém conferi-las e dizer repasse invoice forgotten --looked-at, os disparos no banco esperam a decisão de uma pessoa.',
    ],
    'foreign events': [
      '',
      'Chegam eventos de outro workspace, e nenhum do nosso: STARKBANK_WORKSPACE_ID está certo?',
    ],
    'chain trouble': ['', 'A rede não pode ser acompanhada, então nada é creditado: {why}'],
    'bank denies': [
      '',
      'O banco não nos reconhece, então nada é cobrado nem repassado por ele até reconhecer: {why}',
    ],
    'nobody signs': [
      '',
      'As aprovações precisam de prova, e nenhum aprovador tem autenticador, passkey ou arquivo de chave: os repasses esperam até um assinar',
    ],
    'own key retired': [
      '',
      '{of} assina os pedidos ao banco com a chave {why}, que já foi substituída: leve para lá o arquivo da chave em uso',
    ],
    'clock off': [
      '',
      'Os relógios de {of} não batem, então nada é cobrado, repassado, vencido nem precificado até baterem: {why}',
    ],
    'request late': [
      'A cobrança',
      'foi paga fora do prazo ou em parte: aceite o valor recebido ou devolva-o ({why}).',
    ],
    'request underpaid': ['A cobrança', 'foi paga em parte e venceu: seu endereço é observado até {why}.'],
    'bundle waits': ['O pacote', 'espera: {why}'],
    'bundle slow': ['O pacote', 'está parado desde {why}, e ninguém diz por quê.'],
    'bundle unsigned': ['O pacote', 'espera uma assinatura.'],
    'coin not counted': ['À cobrança', 'chegaram mais {units} depois de creditada, que não contam.'],
    'coin gone': ['Da cobrança', 'o pagamento creditado de {units} saiu da rede.'],
    'coin of no request': ['', 'Chegaram {units} ao nosso endereço {number}, que não é de nenhuma cobrança.'],
  },
}

const en: OverviewWords = {
  title: 'Overview',
  money: 'Money',
  asOf: 'As of',
  counting: 'Still adding everything up for the first time. Reload the page in some seconds.',
  countingUpTo: 'Added up to',
  assets: { BRL: 'In reais, at the bank and in cash', BTC: 'In bitcoin, on the chain' },
  none: 'Nothing was asked for yet.',
  tiles: {
    asked: 'Asked',
    credited: 'Received',
    fees: 'Fees',
    commission: 'Commission',
    paidOn: 'Paid on',
    inTransit: 'In transit',
    owed: 'Owed',
    reversed: 'Reversed',
    receivable: 'Owed by payees',
    toPayers: 'To refund (duplicates)',
  },
  next: 'Next slots',
  noNext: 'No schedule is active.',
  addSchedule: 'Add a schedule',
  dueNow: 'now',
  asks: 'Needs attention',
  open: 'Open',
  ofOrder: 'Order:',
  noAsks: 'Nothing needs attention.',
  moreAsks: count => `and ${count} more like ${count === 1 ? 'this' : 'these'}`,
  books: 'Books',
  balanced: {
    books: 'The books are in balance',
    bank: 'The bank’s balance agrees with the books',
    chain: 'The coins on the chain agree with the books',
  },
  unbalanced: {
    books: 'The books are NOT in balance',
    bank: 'The bank’s balance does NOT agree with the books',
    chain: 'The coins on the chain do NOT agree with the books',
  },
  since: 'since',
  looked: 'looked at',
  notLooked: 'They were not looked at yet: the process “worker” looks when it starts and every five minutes.',
  failed: 'Last runs that failed',
  noFailed: 'None failed.',
  unblock: 'Payouts are stopped:',
  ask: {
    'rail silent': ['', '{of} has not answered since {since}, so nothing moves there: {why}'],
    'chain unread': ['', '{why}'],
    'bank unread': ['', '{why}'],
    'line out': [
      'Statement line',
      'is of {units} that left the bank by no order of ours ({of}): payouts are stopped.',
    ],
    'line in': ['Statement line', 'is of {units} that came to the bank for nothing of ours ({of}).'],
    'payout unsure': ['Payout', 'has had no answer from the bank for more than 30 minutes: {why}'],
    'payout sent': ['Payout', 'was sent, and nobody has said that it arrived.'],
    'payout waiting': ['Payout', 'has been waiting for more than an hour: {why}'],
    'handover unconfirmed': ['Payout', 'was handed over, and nobody else has confirmed it.'],
    'handover waits': ['Payout', 'of {units} has waited for more than a day to be handed over. {why}'],
    'payout owed': ['Payout', 'has been owed for longer than usual and is not ordered. {why}'],
    'invoice unsure': ['Invoice', 'has had no answer from the bank for more than 30 minutes.'],
    'invoice not issued': ['Invoice', 'is not issued yet, after more than 15 minutes.'],
    'event waits': ['Event', 'has been waiting for more than 15 minutes: {why}'],
    'catch-up waits': ['Schedule', 'has slots ({number}, since {of}) that wait for a person: {why}'],
    'slot late': ['Slot', 'of schedule {of} fell due and is not run yet.'],
    'slot failed': ['Slot', 'of schedule {of} failed and is not tried again by itself.'],
    'account unsigned': [
      'The payout account',
      'was approved by word alone, without proof: its payouts wait until a checker signs the approval.',
    ],
    'schedule held': ['Schedule', 'issues nothing since {of}: {why}'],
    'schedule unsigned': [
      'Schedule',
      'has terms that were said and not proven: its payouts wait until a checker signs them.',
    ],
    'account waits': [
      'The payout account',
      'was approved lately: {number} of its payouts wait until {since}.',
    ],
    'account awaits': ['The payout account', 'awaits the approval of a second person.'],
    'payout over limit': [
      'The payout',
      'of {units} is above the limit of {number} {why}: it needs two people.',
    ],
    'limit used up': [
      'Limits of',
      'have kept payouts waiting for more than an hour: {number} ({units} {why}). They go by themselves when there is room.',
    ],
    'account objected': [
      'There is an objection to payout account',
      'by {of}: nothing is paid there ({number} waiting) until two people clear it. {why}',
    ],
    'limits objected': [
      'There is an objection to the limits of',
      'by {of}: the lower of before and after the change counts until two people clear it. {why}',
    ],
    'person objected': [
      'There is an objection to',
      'by {of}: they neither approve nor propose until two others clear it. {why}',
    ],
    'invitation opened twice': [
      'The invitation of',
      'was opened in two browsers and is withdrawn: ask that person, and make another.',
    ],
    'person new': [
      '',
      'is {of}, by a link that {why} made, and approves from {since}. Object if that is not right.',
    ],
    'account notice failed': ['The notice about payout account', 'could not be sent to {of}: {why}'],
    'limits notice failed': ['The notice about the limits of', 'could not be sent to {of}: {why}'],
    'notice failed': ['The notice about', 'could not be sent to {of}: {why}'],
    'anchor mail failed': ['The anchor of the audit log for', 'could not be sent: {why}'],
    'proposal open': ['The proposal', 'awaits a second person: {of} ({why}).'],
    'payout held': ['The payout', 'is held: {why}'],
    'payout returned': ['The payout', 'came back: {why}'],
    'event quarantined': ['The event', 'is quarantined: {why}'],
    'event conflict': ['The event', 'came with two different bodies.'],
    'invoice refused': ['The invoice', 'was refused by the bank.'],
    'request too small': ['The invoice', 'is too small for the chain, and nobody was asked.'],
    suspense: [
      'At the bank,',
      'moved {units} under our tag {why}, which these books do not know: say what it is.',
    ],
    'payee owes': ['Account', 'owes {units} for money that went back to payers.'],
    'payee is owed': [
      'From account',
      '{units} too much was kept back: it goes out with the next payout, or is returned by other means.',
    ],
    'refund failed': [
      'The bank did not refund invoice',
      'to {of} ({units}): propose another refund, or release the payout, which is held if it had not gone out.',
    ],
    'refund late': [
      'The bank has not taken on the refund of invoice',
      'to {of} ({units}), approved more than 30 minutes ago: see whether there is balance and whether payouts are stopped.',
    ],
    'cancel refused': ['The bank does not cancel invoice', 'and {of} can still pay it: {why}'],
    'cancel late': [
      'The bank has not answered the cancelation of invoice',
      'for more than 30 minutes: {of} can still pay it.',
    ],
    'reissue paid twice': [
      'Invoice',
      'was paid by {of}, and so was {why}, in whose place it was asked for: refund one of them.',
    ],
    'reversal slow': [
      'Money of invoice',
      'has been going back to {of} for more than 30 minutes, and the bank does not say how it ended: look there, and say so on its page.',
    ],
    'duplicate paid': [
      'The invoice',
      'was paid twice by {of}: {units} of its duplicate {why} is owed back. Refund it, or say how it was settled.',
    ],
    'duplicate paid alone': [
      'The invoice',
      'is not paid, but {of} paid its duplicate {why}: {units} is owed back. Refund it, or say how it was settled.',
    ],
    'duplicate paid reversed': [
      'The invoice',
      'was reversed, and {of} paid its duplicate {why}: {units} is owed back. Refund it, or say how it was settled.',
    ],
    'duplicate not credited': [
      'The invoice',
      'has the duplicate {why}, to which {of} paid {units}: the bank has not credited it yet.',
    ],
    'duplicate open': [
      'The invoice',
      'has the duplicate {why}, which {of} can still pay: the bank has not canceled it for more than 10 minutes.',
    ],
    'duplicate refund late': [
      'The invoice',
      'has the duplicate {why}: the refund of {units} to {of} has not arrived for more than 30 minutes.',
    ],
    'duplicate returned': [
      'The invoice',
      'has the duplicate {why}, settled otherwise, and the bank gave {units} back all the same: {of} may have it twice.',
    ],
    order: ['The order', 'needs attention: {why}'],
    'retention failed': ['In run', 'old personal data was not all dropped, since {since}: {why}'],
    'letter failed': ['Of the order', 'an e-mail could not be sent ({of}): {why}'],
    'invoices unread': [
      '',
      'The bank’s invoices since the backup that was restored are not read yet, so nothing is issued there. Where the bank does not list them, compare them there and say repasse invoice forgotten --looked-at.',
    ],
    'invoices forgotten': [
      '',
      '{number} invoices, {units} in all, were issued after the backup that was restored, and these books do not know them: repasse invoice forgotten lists them. Until somebody has looked at them and says repasse invoice forgotten --looked-at, slots at the bank wait for a person.',
    ],
    'foreign events': [
      '',
      'Events of another workspace come, and none of ours: is STARKBANK_WORKSPACE_ID right?',
    ],
    'chain trouble': ['', 'The chain cannot be followed, so nothing is credited: {why}'],
    'bank denies': ['', 'The bank does not know us, so nothing is issued or paid there until it does: {why}'],
    'nobody signs': [
      '',
      'Approvals have to be proven, and no checker has an authenticator, a passkey or a key file: payouts wait until one signs',
    ],
    'own key retired': [
      '',
      '{of} signs its requests to the bank with key {why}, which was retired: bring it the file of the key in use',
    ],
    'clock off': [
      '',
      'The clocks of {of} disagree, so nothing is issued, paid, expired or priced until they agree: {why}',
    ],
    'request late': [
      'The invoice',
      'was paid late or in part: accept the amount received, or give it back ({why}).',
    ],
    'request underpaid': ['The invoice', 'was paid in part and is over: its address is watched until {why}'],
    'bundle waits': ['The bundle', 'waits: {why}'],
    'bundle slow': ['The bundle', 'has not moved since {why}, and nothing says why.'],
    'bundle unsigned': ['The bundle', 'waits for a signature.'],
    'coin not counted': ['To the invoice', '{units} more came after it was credited, and are not counted.'],
    'coin gone': ['Of the invoice', 'the credited payment of {units} left the chain.'],
    'coin of no request': ['', '{units} came to our address {number}, which no invoice has.'],
  },
}

export const overviewWords: Both<OverviewWords> = { 'pt-BR': pt, en }
