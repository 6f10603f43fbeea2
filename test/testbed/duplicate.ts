/**
 * A second invoice at the simulated bank under the tags of one that is there, as a request that reached the
 * bank twice makes.
 */
import type { Bank, Invoice } from '../../sim/bank.ts'

/** Made without anybody's signature, so that no program is said to have asked for it. */
export function doubleAtBank(bank: Bank, { nominalAmount, name, taxId, tags }: Invoice): Invoice {
  const isOurs = (tag: string) => /^(inv|slo|ord)_/.test(tag)
  const body = Buffer.from(
    JSON.stringify({ invoices: [{ amount: nominalAmount, name, taxId, tags: tags.filter(isOurs) }] }),
  )
  const { skipAuth } = bank.settings
  bank.setSettings({ skipAuth: true })
  bank.handle({ method: 'POST', path: '/v2/invoice', query: new URLSearchParams(), headers: {}, body })
  bank.setSettings({ skipAuth })
  return bank.invoices().at(-1)!
}
