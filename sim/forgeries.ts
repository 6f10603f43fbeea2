/**
 * Pushes the worker must not act on: another workspace's genuine event, and a genuine one altered on its way.
 */
import type { BankEvent, Log } from './event.ts'
import type { Office } from './office.ts'

/**
 * The same story told of an invoice or transfer in another workspace, tags and all: anyone may choose the
 * same tags.
 */
export function makeForeign(office: Office, event: BankEvent): BankEvent {
  const log = event.log as Log & Record<string, { id: string }>
  const theirs = { ...log[event.subscription]!, id: office.id() }
  return {
    ...event,
    id: office.id(),
    workspaceId: '5078376503050240',
    log: { ...log, id: office.id(), [event.subscription]: theirs } as Log,
  }
}

/** A hundred times the amount, under the signature of what it was. */
export const forge = (body: Buffer): Buffer => Buffer.from(body.toString().replace(/"amount": \d+/, '$&00'))
