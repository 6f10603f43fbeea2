/** `repasse bitcoin scan`: reads the chain again from a block on, under the lease of whoever follows it. */
import { hostname } from 'node:os'
import { BadInput } from '../../base/answer.ts'
import type { Base } from '../../app.ts'
import type { Job } from '../../jobs/jobs.ts'
import type { Scanned } from '../../webhooks/webhooks.ts'
import { json, sheet } from '../print.ts'
import { onChain, type Chain } from '../shell.ts'
import type { Shell } from '../context.ts'

const waitMs = 500
const maxWaits = 60
const limitMs = 7 * 86_400_000

export async function scanFrom(
  shell: Shell,
  { from, json: asJson }: { from: number; json?: true },
): Promise<void> {
  await onChain(
    shell,
    async (base, chain) => {
      const { scanned, settled } = await scanAlone(shell, base, chain, from)
      const { rail } = chain
      const { prunedBelow, numbers } = scanned
      if (prunedBelow !== undefined) {
        shell.err(
          `the node is pruned: blocks below ${prunedBelow} are gone, and were not read. A node that has them would find what came in them\n`,
        )
        shell.exitCode = 1
      }
      if (asJson)
        return shell.out(
          json({
            descriptor: rail.descriptor,
            // As Bitcoin Core writes a range: first and last.
            range: { receive: [0, numbers.receive - 1], change: [0, numbers.change - 1] },
            from: scanned.from,
            to: scanned.to,
            prunedBelow: prunedBelow ?? null,
            blocksEntered: scanned.entered,
            coinsFound: scanned.coins,
            spendingsFound: scanned.spendings,
            eventsSettled: settled,
          }),
        )
      const unread = scanned.entered > 0 ? `, of which ${scanned.entered} were never read before` : ''
      await shell.out(
        sheet([
          ['read', `blocks ${scanned.from} to ${scanned.to}${unread}`],
          ['account', rail.descriptor],
          ['addresses', `receive 0 to ${numbers.receive - 1}, change 0 to ${numbers.change - 1}`],
          [
            'found',
            scanned.coins + scanned.spendings === 0
              ? 'nothing that was not known'
              : `${scanned.coins} news of coins, ${scanned.spendings} of spendings`,
          ],
          ['events', `${settled} settled now`],
        ]),
      )
    },
    { binds: true },
  )
}

/**
 * As a run of the job that follows, so that no other process follows meanwhile, and `repasse run list` has
 * it.
 */
async function scanAlone(
  shell: Shell,
  base: Base,
  { rail, app: bitcoin }: Chain,
  from: number,
): Promise<{ scanned: Scanned; settled: number }> {
  const [{ scan, wake }, { makeInbox, settleInbox }, { appOf }] = await Promise.all([
    import('../../jobs/jobs.ts'),
    import('../../webhooks/webhooks.ts'),
    import('../../app.ts'),
  ])
  const { db, world, terms } = base
  const open = { rails: { bitcoin: rail }, bitcoin, close: () => undefined }
  const info = await rail.info()
  if (info.is === 'done' && from > info.value.height)
    throw new BadInput(`--from ${from} is above the node’s tip, ${info.value.height}`)
  const app = appOf(base, open, `${hostname()}/${process.pid}`, makeInbox(db, world))
  const ended: { scanned?: Scanned; why: string } = {
    why: 'it was not ended: "repasse run list --job follow-chain" tells more',
  }
  const job: Job = {
    ...{ name: 'follow-chain', wakes: '', limitMs, among: 'one' },
    work: async (_, own) => {
      const scanned = await scan({ db, rail, bitcoin, world: own }, from, (height, to, found) =>
        shell.err(`block ${height} of ${to}, ${found} news so far\n`),
      )
      if (typeof scanned === 'string') return (ended.why = `the scan from block ${from} ended: ${scanned}`)
      ended.scanned = scanned
      return `blocks ${scanned.from} to ${scanned.to} read again, ${scanned.coins + scanned.spendings} news`
    },
  }
  // Serve follows for a moment every few seconds, and then lets go.
  for (let waits = 0; (await wake(app, job)) === 'not mine'; waits++) {
    if (waits === maxWaits)
      throw new Error(
        'another process follows the chain just now, and did not let go: try again when it has caught up',
      )
    await world.clock.sleep(waitMs)
  }
  const settled = await settleInbox({ db, rails: { bitcoin: rail }, world, terms, chain: bitcoin.terms })
  if (!ended.scanned) throw new Error(ended.why)
  return { scanned: ended.scanned, settled }
}
