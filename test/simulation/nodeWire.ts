/**
 * The Bitcoin rail's wire laid straight into the simulated node: a `fetch` without a socket, on the virtual
 * clock, that fails as a real one does.
 */
import type { Chain } from '../../sim/chain/chain.ts'
import type { Clock, Millis } from '../../src/base/world.ts'

export interface NodeWireParts {
  chain: Chain
  clock: Clock
  /** Whether anything listens on the node's port. */
  isDown: () => boolean
  /** Before a request leaves and after its answer came: where a process may die. */
  at: (name: string) => Promise<void>
  /** How long a request is on its way to the node. */
  latencyMs: () => Millis
  trace: (line: string) => void
}

/** What `rpcClient` uses of fetch; nothing else is there. */
export function nodeWire({ chain, clock, isDown, at, latencyMs, trace }: NodeWireParts): typeof fetch {
  const send = async (url: string, { body, signal }: { body: string; signal: AbortSignal }) => {
    const name = methodOf(body)
    await at(`before ${name}`)
    await clock.sleep(latencyMs(), signal)
    if (signal.aborted) throw new Error('aborted')
    if (isDown()) throw broken('ECONNREFUSED')
    const answer = chain.handle({
      method: 'POST',
      path: new URL(url).pathname,
      authorization: undefined,
      body,
    })
    if (answer.is !== 'answer' || answer.status !== 200 || tellsOf.has(name))
      trace(`node ${name} ${answer.is === 'answer' ? answer.status : answer.is}`)
    await clock.sleep(answer.is === 'hang' ? Infinity : answer.afterMs, signal)
    await at(`after ${name}`)
    if (signal.aborted) throw new Error('aborted')
    if (answer.is !== 'answer') throw broken('ECONNRESET')
    return { status: answer.status, headers: new Headers(), text: async () => answer.body }
  }
  return send as unknown as typeof fetch
}

/** What changes something at the node is told even where it goes well. */
const tellsOf = new Set(['sendrawtransaction', 'walletprocesspsbt'])

/** Of a batch the last, which is what it is about. */
function methodOf(body: string): string {
  const asked = JSON.parse(body) as { method: string } | { method: string }[]
  return (Array.isArray(asked) ? asked.at(-1)! : asked).method
}

const broken = (code: string) =>
  Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(code), { code }) })
