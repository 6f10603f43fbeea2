/**
 * How fast the bank is asked: reads come out of a bucket, and when the bank wants fewer requests or cannot be
 * reached, nobody asks for a while.
 */
import type { Answer } from '../../base/answer.ts'
import type { Clock, Millis } from '../../base/world.ts'
import type { Bank } from './bank.ts'

export interface Pace {
  perSecond: number
  /** How many may go at once after a quiet time. */
  burst: number
}

/**
 * The bank publishes no limit. Each credited invoice costs one read, so this is also how fast events are
 * settled: five hundred at once, then fifty a second, which is about what eight connections bring at the
 * bank's distance.
 */
export const usualPace: Pace = { perSecond: 50, burst: 500 }

/** Told of each change: why the bank does not know us, and undefined at its first answer that it does. */
export type OnDenied = (why: string | undefined) => void

const refusalsToRest = 5
const restMs: Millis = 30_000
const longestRestMs: Millis = 3_600_000

/**
 * The same bank, asked at a pace. Reads wait for their turn. Writes take theirs out of the same bucket but
 * never wait for it: they are few, up to a hundred orders each, and between the intent that is written down
 * and the request nothing should come. While the bank is left alone everything is refused here, which is safe
 * because nothing was sent.
 */
export function paced(bank: Bank, clock: Clock, pace?: Pace, onDenied: OnDenied = () => undefined): Bank {
  const rest = resting(clock, onDenied)
  const turn = pace ? bucket(clock, pace) : () => 0

  const write = async <T>(send: () => Promise<Answer<T>>): Promise<Answer<T>> => {
    const alone = rest.check()
    if (alone) return alone
    turn()
    return rest.heard(await send())
  }
  const read = async <T>(send: () => Promise<Answer<T>>): Promise<Answer<T>> => {
    const waitMs = rest.check() ? 0 : turn()
    if (waitMs > 0) await clock.sleep(waitMs)
    return rest.check() ?? rest.heard(await send())
  }

  return {
    createInvoices: (bodies, deadline) => write(() => bank.createInvoices(bodies, deadline)),
    pageInvoices: query => read(() => bank.pageInvoices(query)),
    getInvoice: id => read(() => bank.getInvoice(id)),
    patchInvoice: (id, patch, deadline) => write(() => bank.patchInvoice(id, patch, deadline)),
    pageInvoiceLogs: query => read(() => bank.pageInvoiceLogs(query)),

    createTransfers: (bodies, deadline) => write(() => bank.createTransfers(bodies, deadline)),
    pageTransfers: query => read(() => bank.pageTransfers(query)),
    getTransfer: id => read(() => bank.getTransfer(id)),
    pageTransferLogs: query => read(() => bank.pageTransferLogs(query)),

    pageEvents: query => read(() => bank.pageEvents(query)),
    // Once for each event that was polled, and nothing hangs on when: it waits like a read.
    markDelivered: id => read(() => bank.markDelivered(id)),

    balance: () => read(() => bank.balance()),
    pageTransactions: query => read(() => bank.pageTransactions(query)),
    webhooks: () => read(() => bank.webhooks()),
    createWebhook: body => write(() => bank.createWebhook(body)),
    publicKeys: () => read(() => bank.publicKeys()),
    close: () => bank.close(),
  }
}

/**
 * Answers how long to wait for one's turn, which is taken by asking. Full after a quiet time; who comes while
 * it is empty queues.
 */
function bucket(clock: Clock, { perSecond, burst }: Pace): () => Millis {
  const eachMs = 1000 / perSecond
  const fullMs = burst * eachMs
  let takenMs = 0
  let lookedAt = clock.now()
  return () => {
    const now = clock.now()
    takenMs = Math.max(0, takenMs - Math.max(0, now - lookedAt)) + eachMs
    lookedAt = now
    return Math.max(0, takenMs - fullMs)
  }
}

/**
 * When nobody asks: as long as the bank said in a refusal (Retry-After, at most an hour), and half a minute
 * after five refusals in a row that time would mend, or one that says the bank does not know us. After that
 * whoever comes asks, and one more such refusal is enough for another rest.
 */
function resting(clock: Clock, onDenied: OnDenied) {
  let refusals = 0
  /** Why the bank does not know us; null before its first word. */
  let strange: string | null | undefined = null
  let since: Millis = 0
  let forMs: Millis = 0
  const leftMs = () => {
    const left = since + forMs - clock.now()
    // A clock set back must not make it longer than it was meant to be.
    return left > forMs ? 0 : left
  }
  /**
   * A refusal of what was asked shows that we were let in; no answer, and a bank that is busy, show nothing.
   */
  const listen = (answer: Answer<unknown>) => {
    if (answer.is === 'unsure' || (answer.is === 'refused' && answer.again && !answer.denied)) return
    const now = answer.is === 'refused' && answer.denied ? answer.why : undefined
    if (now === strange) return
    strange = now
    onDenied(now)
  }
  return {
    check(): Answer<never> | undefined {
      const left = leftMs()
      if (left <= 0) return undefined
      const why =
        strange ?? 'the bank is left alone for a while: it asked for that, or could not be reached lately'
      return {
        is: 'refused',
        why,
        again: true,
        afterMs: left,
        ...(typeof strange === 'string' && { denied: true }),
      }
    },
    heard<T>(answer: Answer<T>): Answer<T> {
      listen(answer)
      refusals = answer.is === 'refused' && answer.again ? refusals + 1 : 0
      if (answer.is !== 'refused' || !answer.again) return answer
      // Knocking on with a wrong key may get us locked out.
      const isLong = refusals >= refusalsToRest || answer.denied === true
      const ms = Math.min(answer.afterMs ?? (isLong ? restMs : 0), longestRestMs)
      if (ms > leftMs()) {
        since = clock.now()
        forMs = ms
      }
      return answer
    },
  }
}
