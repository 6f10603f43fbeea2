/** The words of limits: how much may leave by itself, who set it, and what waits for one. */
import type { LimitPer } from '../../../payout/payout.ts'
import type { Both } from '../../page/page.ts'

interface LimitWords {
  title: string
  told: string
  none: string
  /** Behind a limit that was raised: what it is from then on. */
  from: string
  ends: string
  caption: string
  heads: {
    of: string
    per: string
    limit: string
    used: string
    left: string
    setBy: string
    approvedBy: string
    at: string
  }
  whole: { BRL: string; BTC: string }
  /** Behind an amount. */
  per: Record<LimitPer, string>
  /** As a column and a field. */
  pers: Record<LimitPer, string>
  waiting: string
  noWaiting: string
  waitHeads: { payout: string; amount: string; account: string; for: string; next: string }
  needs: { person: string; room: string }
  change: {
    title: string
    of: string
    choose: string
    told: string
    empty: string
    go: string
    cancel: string
  }
  faults: {
    amount: string
    nothing: string
    changed: string
    another: string
    objected(name: string): string
  }
  done: { lowered: string; proposed: string; objected: string }
  objection: {
    title: string
    by(name: string, of: string): string
    holds: string
    told: string
    go: string
    clearTold: string
    clear: string
    another: string
    noLimit: string
  }
  beyond: {
    /** On the page of a payout, for which limit. */
    waits: { person(limit: string): string; room(limit: string): string }
    title: string
    person: string
    room: string
    go: string
    open: string
    notWaiting: string
  }
}

const pt: LimitWords = {
  title: 'Limites de repasse',
  told: 'Quanto pode sair sem que duas pessoas digam que sim. O que passa do limite espera: vai sozinho quando houver espaço ou, se for maior que o limite, quando uma pessoa propõe e outra aprova.',
  from: 'a partir de',
  ends: 'sem limite',
  none: 'Nenhum limite foi definido: o que é devido a uma conta aprovada sai sozinho.',
  caption: 'Limites em vigor',
  heads: {
    of: 'De',
    per: 'Limite',
    limit: 'Valor',
    used: 'Usado agora',
    left: 'Disponível',
    setBy: 'Definido por',
    approvedBy: 'Aprovado por',
    at: 'Desde',
  },
  whole: { BRL: 'Toda a instalação, em reais', BTC: 'Toda a instalação, em bitcoin' },
  per: { payout: 'por repasse', hour: 'por hora', day: 'por dia' },
  pers: { payout: 'Por repasse', hour: 'Por hora', day: 'Por dia (24 horas)' },
  waiting: 'Esperam por um limite',
  noWaiting: 'Nenhum repasse espera por um limite.',
  waitHeads: {
    payout: 'Repasse',
    amount: 'Valor',
    account: 'Conta de repasse',
    for: 'Espera',
    next: 'Será conferido em',
  },
  needs: { person: 'duas pessoas', room: 'espaço no limite' },
  change: {
    title: 'Mudar limites',
    of: 'Limites de',
    choose: 'Escolher',
    told: 'Baixar um limite vale na hora. Aumentar ou retirar um precisa da aprovação de uma segunda pessoa.',
    empty: 'Em branco: sem limite.',
    go: 'Mudar limites',
    cancel: 'Cancelar',
  },
  faults: {
    amount: 'Escreva um valor, como 10.000,00, ou deixe em branco.',
    nothing: 'Os limites já são estes.',
    changed: 'Os limites mudaram desde que você abriu a página. Confira como estão agora.',
    another: 'Já há uma proposta em aberto para estes limites. Ela precisa ser decidida ou retirada antes.',
    objected: name =>
      `Há uma objeção de ${name} a estes limites: só podem ser aumentados depois que duas pessoas a encerrarem.`,
  },
  done: {
    lowered: 'Os limites foram baixados.',
    proposed: 'A mudança foi proposta. Outra pessoa precisa aprová-la.',
    objected: 'A objeção está registrada. Vale o mais baixo entre antes e depois da mudança.',
  },
  objection: {
    title: 'Objeção',
    by: (name, of) => `Objeção de ${name} aos limites de ${of[0]!.toLowerCase()}${of.slice(1)}`,
    holds:
      'Até que duas pessoas a encerrem, vale o mais baixo entre antes e depois da mudança, e ninguém aumenta estes limites.',
    told: 'Estes limites não deveriam ter mudado? Com uma objeção vale, a partir de agora, o mais baixo entre o que eram antes e depois da mudança.',
    go: 'Registrar objeção',
    clearTold:
      'Propõe que a objeção termine; outra pessoa precisa aprovar. Quem propôs a mudança dos limites não pode fazer nenhuma das duas coisas.',
    clear: 'Propor o fim da objeção',
    another: 'Outra proposta sobre esta objeção está aberta: ela é decidida antes.',
    noLimit: 'Nenhum limite foi definido aqui, então não há a que objetar.',
  },
  beyond: {
    waits: {
      person: limit => `Está acima do limite de ${limit}: só sai se duas pessoas aprovarem.`,
      room: limit => `Espera por espaço no limite de ${limit}, e segue sozinho.`,
    },
    title: 'Repassar além dos limites',
    person:
      'Este repasse é maior que o limite, então só sai se duas pessoas disserem que sim: você propõe, e outra pessoa aprova.',
    room: 'Este repasse espera por espaço no limite e vai sozinho. Para sair antes, você propõe, e outra pessoa aprova.',
    go: 'Propor',
    open: 'Já foi proposto, e espera uma segunda pessoa:',
    notWaiting: 'Este repasse não espera por nenhum limite.',
  },
}

const en: LimitWords = {
  title: 'Limits of payouts',
  told: 'How much may leave without two people saying so. What exceeds a limit waits: it goes by itself when there is room or, where it is larger than the limit, when one person proposes it and another approves.',
  from: 'from',
  ends: 'no limit',
  none: 'No limit is set: whatever is owed to an approved account leaves by itself.',
  caption: 'Limits in force',
  heads: {
    of: 'Of',
    per: 'Limit',
    limit: 'Amount',
    used: 'Used now',
    left: 'Left',
    setBy: 'Set by',
    approvedBy: 'Approved by',
    at: 'Since',
  },
  whole: { BRL: 'The whole installation, in reais', BTC: 'The whole installation, in bitcoin' },
  per: { payout: 'for one payout', hour: 'an hour', day: 'a day' },
  pers: { payout: 'For one payout', hour: 'Within an hour', day: 'Within a day (24 hours)' },
  waiting: 'Waiting for a limit',
  noWaiting: 'No payout waits for a limit.',
  waitHeads: {
    payout: 'Payout',
    amount: 'Amount',
    account: 'Payout account',
    for: 'Waits for',
    next: 'Looked at again',
  },
  needs: { person: 'two people', room: 'room in the limit' },
  change: {
    title: 'Change limits',
    of: 'Limits of',
    choose: 'Choose',
    told: 'Lowering a limit is done at once. Raising or removing one needs the approval of a second person.',
    empty: 'Empty: no limit.',
    go: 'Change limits',
    cancel: 'Cancel',
  },
  faults: {
    amount: 'Write an amount, such as 10,000.00, or leave it empty.',
    nothing: 'The limits are so already.',
    changed: 'The limits changed since you opened the page. Look again at how they are now.',
    another: 'A proposal for these limits is open already. It is decided or withdrawn first.',
    objected: name =>
      `${name} objects to these limits: nobody raises them until two people have cleared that.`,
  },
  done: {
    lowered: 'The limits are lowered.',
    proposed: 'The change is proposed. Somebody else has to approve it.',
    objected: 'The objection is recorded. The lower of before and after the change counts.',
  },
  objection: {
    title: 'Objection',
    by: (name, of) => `${name} objects to the limits of ${of[0]!.toLowerCase()}${of.slice(1)}`,
    holds:
      'Until two people clear it, the lower of before and after the change counts, and nobody raises these limits.',
    told: 'Should these limits not have been changed? With an objection the lower of what they were before and after the change counts from now on.',
    go: 'Object',
    clearTold:
      'Proposes that the objection ends; another person has to approve it. Whoever proposed the change of the limits does neither.',
    clear: 'Propose to clear the objection',
    another: 'Another proposal about this objection is open: it is decided first.',
    noLimit: 'No limit is set here, so there is nothing to object to.',
  },
  beyond: {
    waits: {
      person: limit => `It is above the limit of ${limit}: it goes out only if two people approve.`,
      room: limit => `It waits for room in the limit of ${limit}, and goes on by itself.`,
    },
    title: 'Pay beyond the limits',
    person:
      'This payout is larger than the limit, so it goes only if two people say so: you propose it, and somebody else approves.',
    room: 'This payout waits for room in the limit and goes by itself. To have it go sooner, you propose it, and somebody else approves.',
    go: 'Propose',
    open: 'It is proposed, and awaits a second person:',
    notWaiting: 'This payout waits for no limit.',
  },
}

export const limitWords: Both<LimitWords> = { 'pt-BR': pt, en }
