/** The words of handing over. */
import type { HandedRefusal, HandOverRefusal } from '../../../payout/payout.ts'
import type { Both } from '../../page/page.ts'

interface Words {
  title: string
  told: string
  owed: string
  owedTold: string
  handed: string
  handedTold: string
  nothing: string
  pick: string
  holder: string
  place: string
  since: string
  by: string
  note: string
  noteHint: string
  go: string
  confirm: string
  notHanded: string
  notHandedHint: string
  nonePicked: string
  /** Of several, some are refused: how many were done, and each that was not, with why. */
  notAll: (done: number, refused: string) => string
  objected: string
  isCut: (shown: number) => string
  why: string
  refusals: Record<HandOverRefusal | HandedRefusal, (why: string) => string>
}

const pt: Words = {
  title: 'Entregas em espécie',
  told: 'Uma pessoa registra a entrega, e outra confirma que o favorecido tem o dinheiro.',
  owed: 'A entregar',
  owedTold: 'Marque o que foi entregue.',
  handed: 'A confirmar',
  handedTold: 'Quem registrou a entrega não a confirma.',
  nothing: 'Nada por aqui.',
  pick: 'Marcar',
  holder: 'Favorecido',
  place: 'Como é entregue',
  since: 'Desde',
  by: 'Entregue por',
  note: 'Referência',
  noteHint: 'O número do recibo assinado, ou o que permita encontrá-lo.',
  go: 'Registrar entrega',
  confirm: 'Confirmar entrega',
  notHanded: 'Não foi entregue',
  notHandedHint: 'O repasse fica retido até que alguém o libere.',
  nonePicked: 'Marque ao menos um repasse.',
  notAll: (done, refused) => `Registrados: ${done}. Não registrados: ${refused}`,
  objected: 'há uma objeção à conta: não entregue',
  isCut: shown => `Há mais de ${shown}: são mostrados os ${shown} mais antigos de cada lista.`,
  why: 'Situação',
  refusals: {
    'of-another-rail': () => 'Este repasse não é entregue em mãos.',
    'not-owed': () => 'Este repasse não está a pagar.',
    stopped: why => `Os repasses estão parados, então não entregue: ${why}`,
    'not-approved': () => 'A conta não está aprovada, então não entregue.',
    held: why => `O repasse ficou retido, então não entregue: ${why}`,
    waits: why => `O repasse espera, então não entregue ainda: ${why}`,
    'other-amount': why => `O repasse agora é de ${why}: entregue esse valor.`,
    'not-handed': () => 'Ninguém registrou a entrega deste repasse.',
    'same-person': () => 'Quem registrou a entrega não a confirma: outra pessoa confirma.',
    edited: why => `A entrega não pode ser confirmada nem desfeita: ${why}`,
    'other-order': () => 'A entrega foi desfeita e registrada de novo depois que esta página foi aberta.',
  },
}

const en: Words = {
  title: 'Cash to hand over',
  told: 'One person records that it is handed over, and another confirms that the payee has it.',
  owed: 'To hand over',
  owedTold: 'Tick what was handed over.',
  handed: 'To confirm',
  handedTold: 'Whoever recorded it does not confirm it.',
  nothing: 'Nothing here.',
  pick: 'Tick',
  holder: 'Payee',
  place: 'How it is handed over',
  since: 'Since',
  by: 'Handed over by',
  note: 'Reference',
  noteHint: 'The number of the signed receipt, or what finds it again.',
  go: 'Record as handed over',
  confirm: 'Confirm',
  notHanded: 'Was not handed over',
  notHandedHint: 'The payout is held until somebody releases it.',
  nonePicked: 'Tick at least one payout.',
  notAll: (done, refused) => `Recorded: ${done}. Not recorded: ${refused}`,
  objected: 'somebody objects to the account: do not hand it over',
  isCut: shown => `There are more than ${shown}: the ${shown} oldest of each list are shown.`,
  why: 'Status',
  refusals: {
    'of-another-rail': () => 'This payout is not handed over by people.',
    'not-owed': () => 'This payout is not owed.',
    stopped: why => `Payouts are stopped, so do not hand it over: ${why}`,
    'not-approved': () => 'The account is not approved, so do not hand it over.',
    held: why => `The payout is held, so do not hand it over: ${why}`,
    waits: why => `The payout waits, so do not hand it over yet: ${why}`,
    'other-amount': why => `The payout is of ${why} by now: hand over that much.`,
    'not-handed': () => 'Nobody has recorded that this payout was handed over.',
    'same-person': () => 'Whoever recorded it does not confirm it: another person does.',
    edited: why => `It can be neither confirmed nor taken back: ${why}`,
    'other-order': () => 'It was taken back and handed over again since this page was opened.',
  },
}

export const handOverWords: Both<Words> = { 'pt-BR': pt, en }
