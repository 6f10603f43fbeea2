/** What can go wrong between a client and the bank's API, chosen for each request by chance or by order. */
import type { BankResponse } from './exchange.ts'
import type { Office } from './office.ts'
import type { ApiFaults } from './settings.ts'

export type ApiFault = keyof ApiFaults

const kinds: ApiFault[] = [
  'status429',
  'status500',
  'status502Html',
  'html200',
  'hang',
  'hangAfterCommit',
  'resetBefore',
  'resetAfterCommit',
  'repeated',
  'error400WithoutErrors',
  'redirect',
]
export const isApiFault = (name: string): name is ApiFault => (kinds as string[]).includes(name)

export interface FaultBox {
  /** The next `times` requests that match `only` meet this fault, whatever the probabilities say. */
  failNext(fault: ApiFault, only?: string, times?: number): void
  /**
   * Answers through `respond` unless a fault stands between; `respond` is called where the request takes
   * effect.
   */
  around(name: string, respond: () => BankResponse): BankResponse
}

const html =
  '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>'
const page = (status: number): BankResponse => ({
  is: 'answer',
  status,
  headers: { 'Content-Type': 'text/html' },
  body: html,
})
const json = (status: number, body: string, headers = {}): BankResponse => ({
  is: 'answer',
  status,
  headers: { 'Content-Type': 'application/json', ...headers },
  body,
})
const houston = '{"errors": [{"code": "internalServerError", "message": "Houston, we have a problem."}]}'

export function makeFaultBox(office: Office): FaultBox {
  const ordered: { fault: ApiFault; only: RegExp; left: number }[] = []

  function choose(name: string): ApiFault | undefined {
    const order = ordered.find(({ only, left }) => left > 0 && only.test(name))
    if (order) {
      order.left--
      return order.fault
    }
    const { faults } = office
    if (faults.only && !new RegExp(faults.only).test(name)) return undefined
    return kinds.find(kind => office.chance(faults[kind]))
  }

  return {
    failNext: (fault, only = '', times = 1) =>
      void ordered.push({ fault, only: new RegExp(only), left: times }),
    around(name, respond) {
      const perhaps = () => void (office.chance(0.5) && respond())
      const fault = choose(name)
      switch (fault) {
        case undefined:
          return respond()
        case 'status429':
          return json(429, '{"errors": [{"code": "tooManyRequests", "message": "Slow down"}]}', {
            'Retry-After': String(office.faults.retryAfterSeconds),
          })
        case 'status500':
          return (perhaps(), json(500, houston))
        case 'status502Html':
          return (perhaps(), page(502))
        case 'html200':
          return (perhaps(), page(200))
        case 'hang':
          return { is: 'hang' }
        case 'hangAfterCommit':
          return (respond(), { is: 'hang' })
        case 'resetBefore':
          return { is: 'reset' }
        case 'resetAfterCommit':
          return (respond(), { is: 'reset' })
        case 'repeated':
          return (respond(), respond())
        case 'error400WithoutErrors':
          return json(400, '{"message": "Bad Request"}')
        case 'redirect':
          return json(307, '', { Location: 'https://elsewhere.invalid/v2' })
      }
    },
  }
}
