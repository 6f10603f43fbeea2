/**
 * A chain's event as the inbox keeps it: JSON we write ourselves, for a node signs nothing. What it says is
 * looked up again when it is applied.
 */
import { z } from 'zod'
import { BadInput } from '../../base/answer.ts'
import type { Instant } from '../../base/world.ts'
import type { News } from '../../chain/chain.ts'
import type { Arrival } from '../inbox.ts'

const shape = z.object({
  kind: z.string(),
  coin: z.string().regex(/^[0-9a-f]{64}:\d+$/),
  txid: z.string().optional(),
  block: z.object({ hash: z.string(), height: z.number() }).optional(),
  at: z.string(),
  raw: z.string().optional(),
})
export type ChainEvent = z.output<typeof shape>

/**
 * The same outpoint has many events; `turn` tells them apart, and grows with each look at the chain that
 * found something.
 */
export function chainArrival({ kind, coin, txid, block, raw }: News, turn: bigint, at: Instant): Arrival {
  const event: ChainEvent = {
    ...{ kind, coin, at },
    ...(txid !== undefined && { txid }),
    ...(block && { block }),
    ...(raw && { raw: Buffer.from(raw).toString('hex') }),
  }
  return {
    rail: 'bitcoin',
    eventId: `${kind}/${coin}/${turn}`,
    raw: Buffer.from(JSON.stringify(event)),
    via: 'poll',
  }
}

/** Reads kept bytes. Throws `BadInput` on what is not an event of ours. */
export function readChainEvent(raw: Uint8Array): ChainEvent {
  try {
    return shape.parse(JSON.parse(Buffer.from(raw).toString('utf8')))
  } catch {
    throw new BadInput('the bytes are no event of a chain')
  }
}
