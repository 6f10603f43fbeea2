/** The words of giving a payment in bitcoin back. */
import type { Both } from '../../page/page.ts'

const pt = {
  title: 'Devolver ao pagador',
  hint: 'Uma segunda pessoa aprova. O valor sai como um repasse próprio, menos a taxa da rede, para o endereço que o pagador informar.',
  to: 'Endereço do pagador',
  amount: 'Valor',
  amountHint: 'Em BTC ou em satoshis, por exemplo 20000 sats. Vazio: tudo o que pode ser devolvido.',
  amountWrong: 'Este valor não pode ser lido. Escreva em BTC (0,0002) ou em satoshis (20000 sats).',
  can: 'Pode ser devolvido',
  propose: 'Propor a devolução',
  madeTitle: 'Registrar uma devolução feita por fora',
  madeHint:
    'Se foi a sua carteira que devolveu este pagamento, registre: outra pessoa aprova, e a parada que isso causou é encerrada. Transação:',
  made: 'Propor o registro',
  withdrawTitle: 'Retirar a devolução',
  withdrawHint: 'Ainda não foi ordenada: nada é devolvido, e o pagamento volta a esperar uma decisão.',
  withdraw: 'Retirar',
  another: 'Já há uma proposta em aberto para esta cobrança: decida-a antes.',
  none: 'Nada desta cobrança pode ser devolvido agora.',
}

const en: typeof pt = {
  title: 'Give it back to the payer',
  hint: 'A second person approves. It goes out as a payout of its own, less the network’s fee, to the address that the payer gives.',
  to: 'The payer’s address',
  amount: 'Amount',
  amountHint: 'In BTC or satoshis, such as 20000 sats. Empty: all that can be given back.',
  amountWrong: 'This amount cannot be read. Write BTC (0.0002) or satoshis (20000 sats).',
  can: 'Can be given back',
  propose: 'Propose the refund',
  madeTitle: 'Record a refund that was made by hand',
  madeHint:
    'If your own wallet gave this payment back, record it: another person approves, and the stop that it caused ends. Transaction:',
  made: 'Propose the record',
  withdrawTitle: 'Withdraw the refund',
  withdrawHint: 'It is not ordered yet: nothing is given back, and the payment waits for a decision again.',
  withdraw: 'Withdraw',
  another: 'A proposal is open for this invoice already: decide it first.',
  none: 'Nothing of this invoice can be given back now.',
}

export const coinRefundWords: Both<typeof pt> = { 'pt-BR': pt, en }
