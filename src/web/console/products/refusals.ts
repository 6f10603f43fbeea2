/** Why an act on products, orders or the shop's rules was not done, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { AccountRefusal } from '../../../payout/payout.ts'
import type { ShopRefusal } from '../../../shop/shop.ts'
import { moment, type Both } from '../../page/page.ts'
import { railWord } from '../list/parts.tsx'
import { productWords } from './words.ts'

type Words = WordsOf<Exclude<ShopRefusal, AccountRefusal>>

const ptFaults = productWords['pt-BR'].faults
const pt: Words = {
  'product-unknown': () => 'Este produto não existe mais.',
  'product-name-taken': ({ name }) => ptFaults.nameTaken(name),
  'product-name-unusable': () => ptFaults.name,
  'product-changed': () => productWords['pt-BR'].stale,
  'product-stock-short': () => ptFaults.stockGone,
  'product-state': ({ state }) =>
    state === 'listed' ? 'O produto já está na loja.' : 'O produto já está fora da loja.',
  'photo-too-large': () => ptFaults.photoLarge,
  'photo-of-other-kind': () => ptFaults.photo,
  'photo-broken': () => ptFaults.photo,
  'photo-of-other-size': () => ptFaults.photoSize,
  'order-unknown': ({ name }) => `Não há pedido ${name}.`,
  'order-ambiguous': ({ number }) => `Mais de um pedido tem o número ${number}: informe o código inteiro.`,
  'order-attended': () => 'Este pedido não espera ninguém.',
  'order-state': ({ state }) => (state === 'paid' ? 'O pedido já foi pago.' : 'O pedido já está encerrado.'),
  'order-being-paid': ({ invoice }) =>
    `O pedido está sendo pago pela cobrança ${invoice}: espere o resultado.`,
  'order-payable': ({ until }) =>
    `O pedido pode ser pago até ${moment('pt-BR', until)}: encerre-o depois disso.`,
  'order-buyer-forgotten': () => 'Os dados do comprador foram eliminados, então não há para onde escrever.',
  'order-no-mail-failed': () => 'Nenhum e-mail deste pedido falhou.',
  'shop-account-kind': ({ account, rail }) =>
    `A conta ${account} não recebe por ${railWord('pt-BR', rail)}: escolha outra.`,
  'shop-account-closed': ({ account }) => `A conta ${account} está encerrada: escolha outra.`,
  'shop-rail-not-offered': ({ rail }) => `A loja não oferece ${railWord('pt-BR', rail)}.`,
}

const enFaults = productWords.en.faults
const en: Words = {
  'product-unknown': () => 'This product does not exist any more.',
  'product-name-taken': ({ name }) => enFaults.nameTaken(name),
  'product-name-unusable': () => enFaults.name,
  'product-changed': () => productWords.en.stale,
  'product-stock-short': () => enFaults.stockGone,
  'product-state': ({ state }) =>
    state === 'listed' ? 'The product is in the shop already.' : 'The product is off the shop already.',
  'photo-too-large': () => enFaults.photoLarge,
  'photo-of-other-kind': () => enFaults.photo,
  'photo-broken': () => enFaults.photo,
  'photo-of-other-size': () => enFaults.photoSize,
  'order-unknown': ({ name }) => `There is no order ${name}.`,
  'order-ambiguous': ({ number }) => `Several orders are called ${number}: give the whole id.`,
  'order-attended': () => 'This order needs nobody.',
  'order-state': ({ state }) =>
    state === 'paid' ? 'The order was paid already.' : 'The order is over already.',
  'order-being-paid': ({ invoice }) =>
    `The order is being paid by invoice ${invoice}: wait for how that ends.`,
  'order-payable': ({ until }) => `The order can be paid until ${moment('en', until)}: end it after that.`,
  'order-buyer-forgotten': () => 'The buyer was forgotten, so there is nowhere to write to.',
  'order-no-mail-failed': () => 'No letter of this order has failed.',
  'shop-account-kind': ({ account, rail }) =>
    `Account ${account} is not paid by ${railWord('en', rail)}: choose another.`,
  'shop-account-closed': ({ account }) => `Account ${account} is closed: choose another.`,
  'shop-rail-not-offered': ({ rail }) => `The shop does not offer ${railWord('en', rail)}.`,
}

export const shopRefusals: Both<Words> = { 'pt-BR': pt, en }
