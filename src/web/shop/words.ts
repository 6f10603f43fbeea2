/** The words of the shop, in both languages. What depends on a value is a function of it. */
import type { Both } from '../page/page.ts'

const pt = {
  skip: 'Ir para o conteúdo',
  otherLanguage: 'English',
  nav: 'Loja',
  products: 'Produtos',
  basket: 'Cesta',
  sandbox: 'Ambiente de teste: nada aqui é cobrado de verdade.',
  footer: 'Pagamento por Pix ou Bitcoin, confirmado por esta loja sem intermediário na página.',

  more: 'Mais produtos',
  fromStart: 'Do início',
  emptyShop: 'A loja ainda não tem produtos. Volte mais tarde.',
  add: 'Adicionar à cesta',
  soldOut: 'Esgotado',
  left: (count: string) => (count === '1' ? 'Resta 1' : `Restam ${count}`),
  inStock: 'Em estoque',
  quantity: 'Quantidade',

  emptyBasket: 'A cesta está vazia.',
  toProducts: 'Ver os produtos',
  price: 'Preço',
  sum: 'Subtotal',
  product: 'Produto',
  change: 'Atualizar',
  remove: 'Remover',
  total: 'Total',
  toCheckout: 'Finalizar a compra',
  keepShopping: 'Continuar comprando',
  goneLine: 'Não é mais vendido. Remova para continuar.',
  fewLine: (left: string) =>
    left === '0'
      ? 'Esgotou desde que foi para a cesta. Remova para continuar.'
      : `Só ${left === '1' ? 'resta 1' : `restam ${left}`}. Diminua a quantidade.`,
  added: (name: string) => `${name} está na cesta.`,
  basketFull: (most: number) =>
    `A cesta chegou a ${most} produtos diferentes. Finalize esta compra antes de adicionar outro.`,
  oddQuantity: (most: string) => `A quantidade vai de 0 a ${most}; com 0 o produto sai da cesta.`,
  priceMoved: (before: string, now: string) =>
    `Um preço mudou desde a última página: o total era ${before} e agora é ${now}. Confira antes de pedir.`,

  checkout: 'Finalizar a compra',
  faults: 'Confira o que foi preenchido',
  yourOrder: 'Seu pedido',
  who: 'Quem compra',
  name: 'Nome completo',
  email: 'E-mail',
  emailHint: 'Para a confirmação do pedido; nada além disso.',
  taxId: 'CPF ou CNPJ',
  taxIdHint: 'Vai na cobrança, como o banco exige.',
  howToPay: 'Como pagar',
  rails: { starkbank: 'Pix', bitcoin: 'Bitcoin', cash: 'Dinheiro em espécie' },
  railHints: {
    starkbank: 'Código para o app do seu banco, vale 15 minutos.',
    bitcoin: 'Cotação travada por 15 minutos.',
    cash: 'Pago no balcão.',
  },
  about: (amount: string) => `Cerca de ${amount} agora; o valor exato é fixado ao pedir.`,
  notNow: { 'no rate': 'Sem cotação confiável agora.', 'not followed': 'A rede não está sendo lida agora.' },
  notNowHint: 'Use Pix ou tente em alguns minutos.',
  noRail: 'A loja não está recebendo pedidos agora. A sua cesta fica guardada; tente mais tarde.',
  place: 'Fazer o pedido',
  placeHint: 'O código para pagar aparece na próxima página.',
  fault: {
    name: {
      missing: 'Digite o nome completo.',
      invalid: 'Use letras no nome, sem sinais como < e >.',
      'too long': 'O nome passa de 100 letras: abrevie.',
    },
    email: {
      missing: 'Digite o e-mail.',
      invalid: 'O e-mail parece incompleto. Um exemplo: maria@exemplo.com.br.',
      'too long': 'O e-mail passa de 254 letras: use outro.',
    },
    taxId: {
      missing: 'Digite o CPF ou o CNPJ.',
      invalid: 'Os números do CPF ou CNPJ não conferem. Compare com o documento.',
      'too long': 'Os números do CPF ou CNPJ não conferem. Compare com o documento.',
    },
    rail: {
      missing: 'Escolha como pagar.',
      'not offered': 'Esta forma de pagamento não é oferecida agora: escolha outra.',
      'no rate': 'Não há cotação de Bitcoin confiável agora. Pix funciona; ou tente em alguns minutos.',
      'too small': 'O valor é pequeno demais para a rede Bitcoin: escolha Pix.',
    },
    empty: 'A cesta está vazia.',
    tooMany: 'São mais unidades do que um pedido leva: no máximo 99 de cada produto.',
    tooDear: 'O total passa do que um pedido pode somar. Divida em dois pedidos.',
    gone: (name: string | undefined) =>
      name === undefined ? 'Um produto da cesta não existe mais.' : `${name} não é mais vendido.`,
    fewLeft: (name: string, left: string) =>
      left === '0'
        ? `${name} acabou de esgotar.`
        : `De ${name} só ${left === '1' ? 'resta 1' : `restam ${left}`}.`,
    otherTotal: (units: string) =>
      `Um preço mudou: o total agora é ${units}. Nada foi pedido ainda; confira e faça o pedido se concordar.`,
    tooOften: {
      email: (at: string) => `Já houve muitos pedidos com este e-mail. Tente de novo depois de ${at}.`,
      taxId: (at: string) => `Já houve muitos pedidos com este CPF ou CNPJ. Tente de novo depois de ${at}.`,
      address: (at: string) =>
        `Já houve muitos pedidos a partir desta conexão. Tente de novo depois de ${at}.`,
      order: (at: string) =>
        `Já foram gerados muitos códigos para este pedido. Tente de novo depois de ${at}.`,
    },
    holdsTooMany: {
      order: (most: string) =>
        `Um pedido reserva no máximo ${most} unidades até ser pago. Diminua a quantidade ou faça mais de um pedido.`,
      buyer: (most: string) =>
        `Os pedidos ainda não pagos reservam no máximo ${most} unidades por comprador. Pague um deles ou espere o prazo acabar.`,
      address: (most: string) =>
        `Os pedidos ainda não pagos feitos a partir desta conexão reservam no máximo ${most} unidades, e há outras pessoas nela. Diminua a quantidade, tente de novo em alguns minutos ou use outra conexão.`,
    },
    key: 'A página ficou aberta por tempo demais. Confira e envie de novo.',
    mendBasket: 'Abrir a cesta para acertar.',
  },

  order: (number: string) => `Pedido ${number}`,
  number: 'Pedido',
  keepLink: 'Guarde o endereço desta página: só por ele se chega ao pedido.',
  titles: {
    preparing: 'Preparando o código de pagamento',
    waitingPix: 'Pague com Pix',
    waitingBitcoin: 'Pague com Bitcoin',
    seen: 'Pagamento a caminho',
    confirming: 'Pagamento na rede, confirmando',
    underpaid: 'Falta uma parte do pagamento',
    paid: 'Pagamento recebido',
    paidLate: 'Pagamento recebido, depois do prazo',
    expired: 'O código expirou',
    refused: 'O código não pôde ser gerado',
    attention: 'Uma pessoa vai conferir este pedido',
  },
  preparing: 'O código está sendo pedido e aparece aqui em alguns segundos. Não é preciso fazer nada.',
  reload: 'Sem JavaScript a página se atualiza sozinha a cada 15 segundos.',
  pixSteps: [
    'Abra o app do seu banco e escolha pagar com Pix.',
    'Leia o QR code, ou cole o código copia e cola.',
    'Confira o valor e pague. Esta página confirma sozinha.',
  ],
  qrPix: 'QR code do Pix',
  qrBitcoin: 'QR code do pedido em Bitcoin',
  copyPaste: 'Pix copia e cola',
  copyPix: 'Copiar código Pix',
  copyAmount: 'Copiar valor',
  copyAddress: 'Copiar endereço',
  copied: 'Copiado',
  bankPage: 'Abrir a cobrança na página do banco',
  toPay: 'A pagar',
  until: (time: string) => `Vale até ${time}.`,
  timeLeft: 'Tempo restante:',
  minutesLeft: {
    one: 'Falta 1 minuto para o código expirar.',
    five: 'Faltam 5 minutos para o código expirar.',
  },
  bitcoinSteps: [
    'Abra a sua carteira e leia o QR code, ou toque em “Abrir na carteira”.',
    'Confira o valor exato e o endereço, e envie uma vez só.',
    'Esta página mostra quando o pagamento é visto e quando é confirmado.',
  ],
  openWallet: 'Abrir na carteira',
  exactAmount: 'Valor exato em BTC',
  address: 'Endereço',
  worth: 'Em reais',
  worthOfAll: 'O pedido todo, em reais',
  rate: 'Cotação',
  rateOf: (price: string) => `1 BTC = ${price}`,
  rateFrom: (sources: string) => `Fonte: ${sources}`,
  rateAt: 'Travada em',
  seen: 'O pagamento foi visto na rede e ainda não está em um bloco. Não pague de novo.',
  confirming: (depth: number, needed: number) =>
    `${depth} de ${needed} ${needed === 1 ? 'confirmação' : 'confirmações'}. Não pague de novo.`,
  underpaid:
    'Chegou menos do que foi pedido. Envie exatamente o resto, ao mesmo endereço; o que já chegou conta.',
  received: 'Recebido',
  missing: 'Falta',
  transactions: 'Transações',
  paid: 'Obrigado! O pagamento foi confirmado e o pedido está feito.',
  paidLate: 'O pagamento chegou depois que o código expirou, e valeu: o pedido está feito.',
  receipt: 'Recibo',
  paidAt: 'Pago em',
  paidWith: 'Pago com',
  amountPaid: 'Valor pago',
  invoice: 'Cobrança',
  proof: { starkbank: 'Número no banco', bitcoin: 'Transações', cash: 'Recibo' },
  expired: 'Nada foi cobrado. O pedido continua guardado, e um código novo pode ser pedido agora.',
  expiredPaid:
    'Se você pagou nos últimos instantes, espere: um pagamento que chega depois também é reconhecido aqui.',
  newCode: {
    starkbank: 'Gerar um novo código Pix',
    bitcoin: 'Gerar um novo pedido em Bitcoin',
    cash: 'Pagar no balcão',
  },
  refused: 'O banco não gerou a cobrança deste pedido. Nada foi cobrado. Tente um código novo.',
  attention: {
    late: 'Chegou dinheiro depois do prazo ou em parte, e uma pessoa decide como ele vale. Não pague de novo; não se perde nada.',
    returned:
      'O pagamento foi devolvido a quem pagou. Se isso não era esperado, fale com a loja e diga o número do pedido.',
    gone: 'O pagamento saiu da rede depois de confirmado. Uma pessoa confere; não pague de novo antes de falar com a loja.',
  },
  lines: 'Itens',
  simulate: 'Simular pagamento',
  simulateHint: 'Só existe na demonstração: um pagador simulado paga este código.',
  simulatePart: 'Simular pagamento de uma parte',
  simulateFailed: 'O pagador simulado não conseguiu pagar agora. Tente de novo em alguns segundos.',
}

const en: typeof pt = {
  skip: 'Skip to the content',
  otherLanguage: 'Português',
  nav: 'Shop',
  products: 'Products',
  basket: 'Basket',
  sandbox: 'Test environment: nothing here is really charged.',
  footer: 'Payment by Pix or Bitcoin, confirmed by this shop itself; nobody else is on the page.',

  more: 'More products',
  fromStart: 'From the start',
  emptyShop: 'The shop has no products yet. Come back later.',
  add: 'Add to basket',
  soldOut: 'Sold out',
  left: count => `${count} left`,
  inStock: 'In stock',
  quantity: 'Quantity',

  emptyBasket: 'The basket is empty.',
  toProducts: 'See the products',
  price: 'Price',
  sum: 'Subtotal',
  product: 'Product',
  change: 'Update',
  remove: 'Remove',
  total: 'Total',
  toCheckout: 'Check out',
  keepShopping: 'Keep shopping',
  goneLine: 'Not sold any more. Remove it to go on.',
  fewLine: left =>
    left === '0'
      ? 'Sold out since it was put in the basket. Remove it to go on.'
      : `Only ${left} left. Lower the quantity.`,
  added: name => `${name} is in the basket.`,
  basketFull: most =>
    `The basket holds ${most} different products already. Check out before you add another.`,
  oddQuantity: most => `A quantity is 0 to ${most}; with 0 the product leaves the basket.`,
  priceMoved: (before, now) =>
    `A price changed since the last page: the total was ${before} and is now ${now}. Look again before you order.`,

  checkout: 'Check out',
  faults: 'Look again at what was filled in',
  yourOrder: 'Your order',
  who: 'Who buys',
  name: 'Full name',
  email: 'E-mail',
  emailHint: 'For the confirmation of the order, and nothing else.',
  taxId: 'CPF or CNPJ',
  taxIdHint: 'Goes on the invoice, as the bank demands.',
  howToPay: 'How to pay',
  rails: { starkbank: 'Pix', bitcoin: 'Bitcoin', cash: 'Cash' },
  railHints: {
    starkbank: 'A code for the app of your bank, good for 15 minutes.',
    bitcoin: 'The rate is locked for 15 minutes.',
    cash: 'Paid over the counter.',
  },
  about: amount => `About ${amount} now; the exact amount is fixed when you order.`,
  notNow: {
    'no rate': 'There is no reliable rate now.',
    'not followed': 'The network is not being read now.',
  },
  notNowHint: 'Use Pix, or try again in some minutes.',
  noRail: 'The shop takes no orders now. Your basket is kept; try again later.',
  place: 'Place the order',
  placeHint: 'The code to pay with is on the next page.',
  fault: {
    name: {
      missing: 'Type your full name.',
      invalid: 'Use letters in the name, without signs like < and >.',
      'too long': 'The name is longer than 100 letters: shorten it.',
    },
    email: {
      missing: 'Type your e-mail.',
      invalid: 'The e-mail looks incomplete. An example: mary@example.com.',
      'too long': 'The e-mail is longer than 254 letters: use another.',
    },
    taxId: {
      missing: 'Type the CPF or CNPJ.',
      invalid: 'The digits of the CPF or CNPJ do not fit together. Compare them with the document.',
      'too long': 'The digits of the CPF or CNPJ do not fit together. Compare them with the document.',
    },
    rail: {
      missing: 'Choose how to pay.',
      'not offered': 'This way to pay is not offered now: choose another.',
      'no rate': 'There is no reliable Bitcoin rate now. Pix works; or try again in some minutes.',
      'too small': 'The amount is too small for the Bitcoin network: choose Pix.',
    },
    empty: 'The basket is empty.',
    tooMany: 'That is more than one order takes: at most 99 of each product.',
    tooDear: 'The total is above what one order may come to. Make two orders of it.',
    gone: name =>
      name === undefined ? 'A product of the basket is not there any more.' : `${name} is not sold any more.`,
    fewLeft: (name, left) =>
      left === '0'
        ? `${name} has just sold out.`
        : `Of ${name} only ${left} ${left === '1' ? 'is' : 'are'} left.`,
    otherTotal: units =>
      `A price changed: the total is now ${units}. Nothing is ordered yet; look again, and order if you agree.`,
    tooOften: {
      email: at => `There were many orders with this e-mail already. Try again after ${at}.`,
      taxId: at => `There were many orders with this CPF or CNPJ already. Try again after ${at}.`,
      address: at => `There were many orders from this connection already. Try again after ${at}.`,
      order: at => `Many codes were made for this order already. Try again after ${at}.`,
    },
    holdsTooMany: {
      order: most =>
        `One order keeps at most ${most} items until it is paid. Take fewer, or make more than one order.`,
      buyer: most =>
        `Orders that are not paid yet keep at most ${most} items for one buyer. Pay one of them, or wait until its time is over.`,
      address: most =>
        `Orders that are not paid yet keep at most ${most} items for one connection, which others use as well. Take fewer, try again in some minutes, or use another connection.`,
    },
    key: 'The page was open for too long. Look again and send it once more.',
    mendBasket: 'Open the basket to mend it.',
  },

  order: number => `Order ${number}`,
  number: 'Order',
  keepLink: 'Keep the address of this page: it is the only way to the order.',
  titles: {
    preparing: 'Preparing the code to pay with',
    waitingPix: 'Pay with Pix',
    waitingBitcoin: 'Pay with Bitcoin',
    seen: 'Payment on its way',
    confirming: 'Payment on the network, confirming',
    underpaid: 'A part of the payment is missing',
    paid: 'Payment received',
    paidLate: 'Payment received, after its time',
    expired: 'The code has expired',
    refused: 'The code could not be made',
    attention: 'A person will look at this order',
  },
  preparing: 'The code is being asked for and will be here in some seconds. There is nothing to do.',
  reload: 'Without JavaScript the page loads itself again every 15 seconds.',
  pixSteps: [
    'Open the app of your bank and choose to pay with Pix.',
    'Scan the QR code, or paste the copy and paste code.',
    'Check the amount and pay. This page confirms by itself.',
  ],
  qrPix: 'QR code of the Pix',
  qrBitcoin: 'QR code of the request in Bitcoin',
  copyPaste: 'Pix copy and paste',
  copyPix: 'Copy the Pix code',
  copyAmount: 'Copy the amount',
  copyAddress: 'Copy the address',
  copied: 'Copied',
  bankPage: 'Open the invoice on the bank’s page',
  toPay: 'To pay',
  until: time => `Good until ${time}.`,
  timeLeft: 'Time left:',
  minutesLeft: { one: '1 minute until the code expires.', five: '5 minutes until the code expires.' },
  bitcoinSteps: [
    'Open your wallet and scan the QR code, or use “Open in wallet”.',
    'Check the exact amount and the address, and send once only.',
    'This page shows when the payment is seen, and when it is confirmed.',
  ],
  openWallet: 'Open in wallet',
  exactAmount: 'Exact amount in BTC',
  address: 'Address',
  worth: 'In reais',
  worthOfAll: 'The whole order, in reais',
  rate: 'Rate',
  rateOf: price => `1 BTC = ${price}`,
  rateFrom: sources => `Source: ${sources}`,
  rateAt: 'Locked at',
  seen: 'The payment was seen on the network and is in no block yet. Do not pay again.',
  confirming: (depth, needed) =>
    `${depth} of ${needed} ${needed === 1 ? 'confirmation' : 'confirmations'}. Do not pay again.`,
  underpaid:
    'Less arrived than was asked for. Send exactly the rest, to the same address; what arrived counts.',
  received: 'Received',
  missing: 'Missing',
  transactions: 'Transactions',
  paid: 'Thank you! The payment is confirmed and the order is made.',
  paidLate: 'The payment arrived after the code had expired, and it counted: the order is made.',
  receipt: 'Receipt',
  paidAt: 'Paid at',
  paidWith: 'Paid with',
  amountPaid: 'Amount paid',
  invoice: 'Invoice',
  proof: { starkbank: 'Number at the bank', bitcoin: 'Transactions', cash: 'Receipt' },
  expired: 'Nothing was charged. The order is kept, and a new code can be had now.',
  expiredPaid: 'If you paid in the last moments, wait: a payment that arrives later is recognised here too.',
  newCode: {
    starkbank: 'Get a new Pix code',
    bitcoin: 'Get a new request in Bitcoin',
    cash: 'Pay over the counter',
  },
  refused: 'The bank did not make the invoice of this order. Nothing was charged. Try a new code.',
  attention: {
    late: 'Money arrived late or in part, and a person decides how it counts. Do not pay again; nothing is lost.',
    returned:
      'The payment was given back to who paid. If that was not expected, ask the shop, with the number of the order.',
    gone: 'The payment left the network after it was confirmed. A person looks at it; do not pay again before you have asked the shop.',
  },
  lines: 'Items',
  simulate: 'Simulate payment',
  simulateHint: 'Only in the demonstration: a simulated payer pays this code.',
  simulatePart: 'Simulate payment of a part',
  simulateFailed: 'The simulated payer could not pay just now. Try again in some seconds.',
}

export const shopWords: Both<typeof pt> = { 'pt-BR': pt, en }
export type ShopWords = typeof pt
