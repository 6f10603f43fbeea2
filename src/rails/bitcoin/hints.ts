/**
 * The node's word that something happened (ZMQ), where it is set to give one: it only wakes, and polling
 * finds the same without it.
 */
import type { Log } from '../../base/log.ts'

export type Hint = 'block' | 'transaction'

/**
 * Listens at `url` (`tcp://HOST:PORT`, the node's -zmqpubhashblock and -zmqpubhashtx) until what it answers
 * is called. The library connects again by itself. Where it is not installed, that is said once, and no hint
 * comes.
 */
export function startHints(
  url: string,
  onHint: (hint: Hint) => void,
  log: Log,
  library: () => Promise<typeof import('zeromq')> = () => import('zeromq'),
): () => void {
  let close = () => {}
  let closed = false
  const listen = async () => {
    const { Subscriber } = await library()
    if (closed) return
    const socket = new Subscriber({ linger: 0, reconnectInterval: 100, reconnectMaxInterval: 5_000 })
    close = () => socket.close()
    socket.connect(url)
    socket.subscribe('hashblock', 'hashtx')
    for await (const [topic] of socket) onHint(topic?.toString() === 'hashblock' ? 'block' : 'transaction')
  }
  listen().catch((fault: unknown) => {
    if (closed) return
    const { code } = fault as { code?: unknown }
    if (code === 'ERR_MODULE_NOT_FOUND')
      log.warn({}, 'the package zeromq is not installed: new blocks are found by polling alone')
    else log.warn({ code }, 'no hints from the node: new blocks are found by polling alone')
  })
  return () => {
    closed = true
    close()
  }
}

/** Whether the library that listens can be had here. */
export const hintsAvailable = (): Promise<boolean> =>
  import('zeromq').then(
    () => true,
    () => false,
  )
