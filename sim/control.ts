/**
 * The levers under `/sim/`, which the real bank has not: faults, payments on demand, and the bank's own books
 * for a test's oracle.
 */
import type { Bank, Faults, Settings } from './bank.ts'
import { isApiFault } from './faults.ts'
import { readFields } from './orders.ts'
import { Refusal, refuse } from './refusal.ts'
import { defaultSettings, noFaults } from './settings.ts'

/** `path` is what follows `/sim/`. */
export function control(
  bank: Bank,
  method: string,
  path: string,
  body: Buffer,
): { status: number; answer: object } {
  const [verb, id = ''] = path.split('/')
  try {
    const answer = act(bank, `${method} ${verb}`, id, body)
    return answer
      ? { status: 200, answer }
      : { status: 404, answer: { error: `there is no ${method} /sim/${path}` } }
  } catch (error) {
    if (error instanceof Refusal) return { status: 400, answer: { error: error.message } }
    throw error
  }
}

function act(bank: Bank, verb: string, id: string, body: Buffer): object | undefined {
  switch (verb) {
    case 'GET state':
      return stateOf(bank)
    case 'GET faults':
      return bank.faults
    case 'POST faults':
      return (bank.setFaults(known<Faults>(body, noFaults)), bank.faults)
    case 'GET settings':
      return bank.settings
    case 'POST settings':
      return (bank.setSettings(known<Settings>(body, defaultSettings)), bank.settings)
    case 'POST fail-next': {
      const { fault, only, times } = readFields(body) as { fault?: string; only?: string; times?: number }
      if (fault === undefined || !isApiFault(fault))
        return refuse('invalidFault', `there is no API fault ${fault}`)
      return (bank.failNext(fault, only, times), {})
    }
    case 'POST pay':
      return { paid: bank.pay(id) }
    case 'POST reverse': {
      const { left } = body.length === 0 ? { left: 0 } : readFields(body)
      if (left !== undefined && !Number.isSafeInteger(left))
        return refuse('invalidAmount', 'left must be an integer of cents')
      return { reversing: bank.reverse(id, left as number | undefined) }
    }
    case 'POST deposit': {
      const { amount } = readFields(body)
      if (!Number.isSafeInteger(amount)) return refuse('invalidAmount', 'amount must be an integer of cents')
      return (bank.deposit(amount as number), { balance: Number(bank.balanceUnits()) })
    }
    case 'POST project-key':
    case 'DELETE project-key': {
      const { id: projectId, publicKey } = readFields(body) as { id?: string; publicKey?: string }
      if (projectId === undefined || publicKey === undefined)
        return refuse('invalidName', 'id of the project and publicKey must be there')
      const project = { id: projectId, publicKeyPem: publicKey }
      return (verb.startsWith('POST') ? bank.addProject(project) : bank.removeKey(project), {})
    }
    case 'POST rotate-key':
      return (bank.rotateKey(), { publicKey: bank.publicKeyPem })
    default:
      return undefined
  }
}

/** A misspelt switch would quietly test nothing, so an unknown name is refused. */
function known<T extends object>(body: Buffer, model: T): Partial<T> {
  const fields = readFields(body)
  for (const name in fields)
    if (!(name in model)) refuse('invalidName', `${name} is not one of ${Object.keys(model).join(', ')}`)
  return fields as Partial<T>
}

function stateOf(bank: Bank) {
  const [invoices, transfers, events] = [bank.invoices(), bank.transfers(), bank.eventsCreated()]
  const credited = invoices.filter(({ id }) => bank.isCredited(id))
  return {
    balance: Number(bank.balanceUnits()),
    counts: {
      invoices: invoices.length,
      credited: credited.length,
      transfers: transfers.length,
      events: events.length,
      undelivered: events.filter(event => !event.isDelivered).length,
      failedAttempts: bank.attempts().length,
      forgeriesAccepted: bank.forgeriesAccepted(),
    },
    requests: bank.requestCounts(),
    creditedIds: credited.map(({ id }) => id),
    invoices: invoices.map(({ id, status, amount, nominalAmount, fee, tags, created }) => ({
      id,
      status,
      amount,
      nominalAmount,
      fee,
      tags,
      created,
    })),
    transfers: transfers.map(({ id, externalId, status, amount, fee, tags, created }) => ({
      id,
      externalId,
      status,
      amount,
      fee,
      tags,
      created,
    })),
  }
}
