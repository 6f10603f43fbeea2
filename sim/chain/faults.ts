/** What goes wrong between a client and the node, chosen for each request by chance or by order. */
import type { Random } from '../../src/base/world.ts'
import { chainFaults, noChainFaults, type ChainFault, type ChainFaults } from './settings.ts'

export type ChainResponse =
  | { is: 'answer'; status: number; headers?: Record<string, string>; body: string; afterMs: number }
  /** No answer ever comes. */
  | { is: 'hang' }
  /** The connection drops, as it does while nobody listens. */
  | { is: 'reset'; afterMs: number }

export interface FaultBox {
  readonly faults: ChainFaults
  set(faults: Partial<ChainFaults>): void
  /** The next `times` requests whose methods match `only` meet this fault, whatever the probabilities say. */
  failNext(fault: ChainFault, only?: string, times?: number): void
  /**
   * Answers through `respond` unless a fault stands between; `respond` is called where the request takes
   * effect.
   */
  around(methods: string[], respond: () => ChainResponse): ChainResponse
}

export function makeFaultBox(random: Random, given: Partial<ChainFaults>): FaultBox {
  const faults = { ...noChainFaults, ...given }
  const ordered: { fault: ChainFault; only: RegExp; left: number }[] = []

  function choose(methods: string[]): ChainFault | undefined {
    const matches = (only: RegExp) =>
      methods.length === 0 ? only.test('') : methods.some(method => only.test(method))
    const order = ordered.find(({ only, left }) => left > 0 && matches(only))
    if (order) {
      order.left--
      return order.fault
    }
    if (faults.only && !matches(new RegExp(faults.only))) return undefined
    return chainFaults.find(fault => faults[fault] > 0 && random.next() < faults[fault])
  }

  return {
    faults,
    set: changes => void Object.assign(faults, changes),
    failNext: (fault, only = '', times = 1) =>
      void ordered.push({ fault, only: new RegExp(only), left: times }),
    around(methods, respond) {
      switch (choose(methods)) {
        case undefined:
          return respond()
        case 'resetBefore':
          return { is: 'reset', afterMs: 0 }
        case 'loseAnswer':
          return { is: 'reset', afterMs: waitOf(respond()) }
        case 'hangAfter':
          return (respond(), { is: 'hang' })
        case 'hang':
          return { is: 'hang' }
        case 'busy':
          return { is: 'answer', status: 503, body: 'Work queue depth exceeded', afterMs: 0 }
        case 'html502':
          return {
            is: 'answer',
            status: 502,
            headers: { 'Content-Type': 'text/html' },
            body: '<html><h1>502 Bad Gateway</h1></html>',
            afterMs: 0,
          }
        case 'cutAnswer': {
          const whole = respond()
          return whole.is === 'answer'
            ? { ...whole, body: whole.body.slice(0, Math.floor(whole.body.length / 2)) }
            : whole
        }
        case 'slow': {
          const answer = respond()
          return answer.is === 'answer'
            ? { ...answer, afterMs: answer.afterMs + random.between(...faults.slowMs) }
            : answer
        }
      }
    },
  }
}

const waitOf = (response: ChainResponse): number => (response.is === 'hang' ? 0 : response.afterMs)
