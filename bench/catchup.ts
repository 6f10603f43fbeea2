/**
 * Catching up after downtime: 1 000 regtest blocks of a real node, some with payments of ours, beside only
 * asking the node for them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { follow } from '../src/jobs/jobs.ts'
import { settleInbox } from '../src/webhooks/webhooks.ts'
import { bitcoindAvailable, startBitcoind } from '../test/testbed/bitcoind.ts'
import { openChainInstallation } from '../test/testbed/chainInstallation.ts'
import type { BenchOptions, Figure } from './figure.ts'

const bench = 'catchup'

export async function catchup({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  if (!bitcoindAvailable()) {
    say('  no bitcoind is here: ./dev-utils.sh test brings one')
    return []
  }
  const blocks = tiny ? 20 : quick ? 100 : 1_000
  const node = await startBitcoind()
  const folder = mkdtempSync(join(tmpdir(), 'repasse-catchup-'))
  const installation = await openChainInstallation({
    node,
    count: blocks / 10,
    databaseUrl: `sqlite:${join(folder, 'repasse.db')}`,
  })
  try {
    const requests = await installation.issue()
    for (const { provider_id: address, units } of requests) {
      await installation.pay(address!, units)
      await installation.mine(10)
    }
    const { rail, bitcoin, db, world, app } = installation
    say(`  ${blocks} blocks, ${requests.length} payments`)

    const height = await node.rpc<number>('getblockcount')
    const [asking] = await timed(async () => {
      for (let at = height - blocks + 1; at <= height; at++)
        await node.rpc('getblock', [await node.rpc('getblockhash', [at]), 0])
    })
    const [following, followed] = await timed(() => follow({ db, rail, bitcoin, world }))
    const [settling, settled] = await timed(() => settleInbox({ ...app, chain: bitcoin.terms }))
    if (followed.blocks !== blocks)
      throw new Error(`${blocks} blocks were to be read, ${followed.blocks} were`)
    return [
      { bench, name: `${blocks} blocks only asked for`, value: asking, unit: 's' },
      { bench, name: 'the same followed, durable', value: following, unit: 's' },
      { bench, name: 'following against asking', value: following / asking, unit: '×' },
      { bench, name: 'blocks followed', value: blocks / following, unit: '/s' },
      { bench, name: `their ${settled} events settled`, value: settling, unit: 's' },
    ]
  } finally {
    await installation.close()
    await node.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const started = performance.now()
  const result = await work()
  return [(performance.now() - started) / 1000, result]
}
