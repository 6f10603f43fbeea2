/**
 * What a buyer is written: that the order is there, that it is paid, that it was paid late. No name stands in
 * it, for anyone may have typed it.
 */
import { escaped, type Mail, type MailKind, type MailRow } from '../mail/mail.ts'
import type { Reader } from '../db/db.ts'
import { findOrder, linesOf, numberOf, type Language, type OrderLineRow, type OrderRow } from './order.ts'

/** Whose letter it is, and where the order's page is found. */
export interface Sheet {
  shopName: string
  /** Without a slash at the end. */
  publicUrl: string
}

/** The letter of one row of the outbox. */
export async function composeMail(
  reader: Reader,
  { id, order_id: orderId, kind }: MailRow,
  sheet: Sheet,
): Promise<Mail> {
  const order = (await findOrder(reader, orderId))!
  return { id, to: order.email, ...written(order, await linesOf(reader, orderId), kind, sheet) }
}

/** Pure. */
export function written(
  order: Pick<OrderRow, 'id' | 'token' | 'units' | 'language'>,
  lines: readonly OrderLineRow[],
  kind: MailKind,
  { shopName, publicUrl }: Sheet,
): Pick<Mail, 'language' | 'subject' | 'text' | 'html'> {
  const said = words[order.language]
  const { subject, says, link } = said[kind]
  const url = `${publicUrl}/orders/${order.token}`
  const items = lines.map(({ name, quantity, units }) => ({
    what: `${quantity} × ${name}`,
    costs: money(order.language, units * quantity),
  }))
  const total = money(order.language, order.units)
  const text = [
    says,
    ...items.map(({ what, costs }) => `${what}: ${costs}`),
    `${said.total}: ${total}`,
    `${link}:\n${url}`,
    said.foot,
  ]
  const cell = (html: string, style = '') => `<td style="padding:4px 12px 4px 0;${style}">${html}</td>`
  const row = (what: string, costs: string) => `<tr>${cell(what)}${cell(costs, 'text-align:right')}</tr>`
  const html = [
    `<!doctype html><html lang="${order.language}"><head><meta charset="utf-8"><title>${escaped(shopName)}</title></head>`,
    '<body style="font-family:sans-serif;line-height:1.5;max-width:36rem;margin:0 auto;padding:16px">',
    `<h1 style="font-size:1.25rem">${escaped(shopName)}</h1>`,
    `<p>${escaped(says)}</p>`,
    `<table style="border-collapse:collapse">${items.map(({ what, costs }) => row(escaped(what), escaped(costs))).join('')}`,
    `${row(`<strong>${said.total}</strong>`, `<strong>${escaped(total)}</strong>`)}</table>`,
    `<p><a href="${escaped(url)}">${link}</a><br><small>${escaped(url)}</small></p>`,
    `<p><small>${said.foot}</small></p></body></html>`,
  ]
  return {
    language: order.language,
    subject: `${shopName}: ${subject} ${numberOf(order.id)}`,
    text: `${text.join('\n\n')}\n`,
    html: html.join('\n'),
  }
}

type Words = Record<MailKind, { subject: string; says: string; link: string }> & {
  total: string
  foot: string
}

const words: Record<Language, Words> = {
  'pt-BR': {
    placed: {
      subject: 'recebemos o pedido',
      says: 'Recebemos o seu pedido. Ele é confirmado assim que o pagamento chega; a página abaixo mostra o código e o andamento.',
      link: 'Ver o pedido e pagar',
    },
    paid: {
      subject: 'pagamento confirmado do pedido',
      says: 'O pagamento do seu pedido foi confirmado. Obrigado!',
      link: 'Ver o pedido',
    },
    late: {
      subject: 'pagamento recebido do pedido',
      says: 'O pagamento do seu pedido chegou depois do prazo e foi aceito. Se algum item não estiver mais disponível, entraremos em contato.',
      link: 'Ver o pedido',
    },
    total: 'Total',
    foot: 'Você recebeu esta mensagem porque este endereço foi informado num pedido. Se não foi você, ignore-a.',
  },
  en: {
    placed: {
      subject: 'we have your order',
      says: 'We have your order. It is confirmed as soon as the payment arrives; the page below shows the code and how it stands.',
      link: 'See the order and pay',
    },
    paid: {
      subject: 'payment confirmed for order',
      says: 'The payment of your order is confirmed. Thank you!',
      link: 'See the order',
    },
    late: {
      subject: 'payment received for order',
      says: 'The payment of your order came after its time and was accepted. Should an item be sold out by now, we will write to you.',
      link: 'See the order',
    },
    total: 'Total',
    foot: 'You receive this because this address was given with an order. If that was not you, ignore it.',
  },
}

/** `R$ 1.234,56`, exact: the amount goes in as text. */
function money(language: Language, units: bigint): string {
  const format = new Intl.NumberFormat(language, { style: 'currency', currency: 'BRL' })
  return format.format(`${units}E-2` as Intl.StringNumericLiteral).replace(/\u00a0/g, ' ')
}
