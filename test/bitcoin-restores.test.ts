/**
 * A backup of any age is restored onto a simulated chain, and payouts are let go at any moment: nobody is
 * ever paid twice. Each story follows from its seed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startNode } from '../sim/chain/server.ts'
import { seededRandom } from '../src/base/clock.ts'
import { newWatching } from '../src/chain/chain.ts'
import { runCli } from '../src/cli/cli.ts'
import { follow, sendCoins, setAsideAfterRestore } from '../src/jobs/jobs.ts'
import { openDb, sql, type Db } from '../src/db/db.ts'
import { makeInbox, settleInbox } from '../src/webhooks/webhooks.ts'
import { openChainInstallation } from './testbed/chainInstallation.ts'
import { openAccount } from './testbed/owing.ts'
import { reasonsSeen } from './testbed/reasonsSeen.ts'
import { holdPayout, releasePayout } from './testbed/acts.ts'

const payees = 4

/** What each payee got, in how many outputs, once all is still. */
async function tell(seed: number): Promise<{ outputs: number[]; said: string[] }> {
  const random = seededRandom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'repasse-restores-'))
  const server = await startNode({ settings: { premined: 0 } })
  const node = {
    url: server.url,
    cookieFile: server.cookieFile,
    rpc: async <T>(method: string, params: unknown[] = [], wallet?: string) =>
      server.chain.rpc<T>(method, params, wallet),
  }
  const said: string[] = []
  const installation = await openChainInstallation({ node: node as never, commissionBp: 0n })
  const addresses: string[] = []
  let db: Db = installation.db
  let parts = { db, rail: installation.rail, bitcoin: installation.bitcoin, world: installation.world }
  let settling = { ...installation.app, chain: installation.bitcoin.terms }
  const opened: Db[] = []
  const look = async () => {
    await follow(parts)
    await settleInbox(settling)
  }
  const repasse = async (...words: string[]) => {
    const outlet = {
      out: async (text: string) => void said.push(text),
      err: (text: string) => void said.push(text),
      colours: false,
    }
    return runCli(
      ['node', 'repasse', ...words],
      { DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}` },
      outlet,
    )
  }
  try {
    // Every payee has one address and one payment, so that a second output is a second payment.
    for (let number = 0; number < payees; number++) {
      addresses.push(await node.rpc<string>('getnewaddress', ['payee', 'bech32'], 'payer'))
      await openAccount(installation, `payee ${number}`, addresses[number]!)
      const [request] = await installation.issue({
        units: 60_000n + BigInt(number) * 10_000n,
        payTo: `payee ${number}`,
      })
      await installation.pay(request!.provider_id!, request!.units)
      if (random.next() < 0.5) await installation.bury(random.between(0, 3))
      await installation.look()
    }
    // Money of our own, so that what is planned again finds other coins than what was forgotten.
    for (const units of [150_000n, 400_000n, 900_000n])
      await installation.pay(
        installation.rail.derive('receive', 500 + Number(units / 50_000n)).address,
        units,
      )
    await installation.bury(random.between(4, 8))
    const backupAt = random.between(0, 9)
    const backup = join(folder, 'backup.db')
    for (let step = 0; step < 10; step++) {
      if (step === backupAt) await installation.db.backup(backup, {})
      if (random.next() < 0.7) await installation.bury(1)
      // The installation that is gone let them go a few at a time.
      for (const { id, state } of await installation.payouts()) {
        if (state === 'owed' && random.next() < 0.5)
          await holdPayout(installation.db, id, { by: 'ana', why: 'later' })
        if (state === 'held' && random.next() < 0.5)
          await releasePayout(installation.db, id, { by: 'ana', why: 'now' })
      }
      if (step > backupAt && random.next() < 0.5) await installation.send()
    }

    expect(await repasse('restore', backup), said.join('')).toBe(0)
    db = await openDb(`sqlite:${join(folder, 'repasse.db')}`, { ...installation.world, virtual: true })
    opened.push(db)
    const bitcoin = { ...installation.bitcoin, watching: newWatching(installation.rail) }
    parts = { db, rail: installation.rail, bitcoin, world: installation.world }
    settling = {
      ...installation.app,
      db,
      bitcoin,
      inbox: makeInbox(db, installation.world),
      chain: installation.bitcoin.terms,
    }
    const go = async () =>
      repasse('payout', 'go', '--why', 'in a hurry', '--by', 'bruno', ...(await reasonsSeen(db)))
    const acts = [
      go,
      () => sendCoins(parts),
      () => follow(parts),
      () => settleInbox(settling),
      () => installation.mine(),
    ]
    await go()
    if (random.next() < 0.5) await sendCoins(parts)
    for (let count = random.between(4, 12); count > 0; count--) {
      await installation.pass(61_000)
      await acts[random.between(0, acts.length - 1)]!()
    }
    // And it becomes still: somebody lets go of every stop, and of nothing that is held.
    for (let round = 0; round < 14; round++) {
      await installation.pass(61_000)
      await installation.mine()
      await look()
      await go()
      await sendCoins(parts)
    }
    const outputs: number[] = []
    for (const address of addresses) outputs.push(paidTo(server.chain, address))
    for (const { id, why } of await db.all<{ id: string; why: string }>(
      sql`select id, why from payouts where state = 'held'`,
    ))
      said.push(`${id} is held: ${why}`)
    return { outputs, said }
  } finally {
    for (const each of opened) await each.close()
    await installation.close()
    await server.close()
    rmSync(folder, { recursive: true })
  }
}

/** Outputs to an address in blocks. */
function paidTo(chain: Awaited<ReturnType<typeof startNode>>['chain'], address: string): number {
  let count = 0
  for (let height = 1; height <= chain.height(); height++) {
    const { tx } = chain.rpc<{ tx: { vout: { scriptPubKey: { address?: string } }[] }[] }>('getblock', [
      chain.hashAt(height),
      2,
    ])
    count += tx
      .flatMap(({ vout }) => vout)
      .filter(({ scriptPubKey }) => scriptPubKey.address === address).length
  }
  return count
}

const seeds = Array.from({ length: Number(process.env['RESTORES'] ?? 12) }, (_, at) => at + 1)

test(
  'after a restore from a backup of any age, and a go at any moment, every payee was paid once at most',
  { timeout: 600_000 },
  async () => {
    const twice: string[] = []
    let paid = 0
    for (const seed of seeds) {
      const { outputs, said } = await tell(seed)
      paid += outputs.filter(count => count === 1).length
      if (outputs.some(count => count > 1))
        twice.push(`seed ${seed}: ${outputs.join(', ')}; ${said.slice(-6).join(' | ')}`)
    }
    expect(twice).toEqual([])
    expect(paid).toBeGreaterThan(seeds.length * 2)
  },
)

test('what the replaced database had handed out is watched from the first look on', async () => {
  const server = await startNode({ settings: { premined: 0 } })
  const node = {
    ...{ url: server.url, cookieFile: server.cookieFile },
    rpc: async <T>(method: string, params: unknown[] = [], wallet?: string) =>
      server.chain.rpc<T>(method, params, wallet),
  }
  const installation = await openChainInstallation({ node: node as never })
  try {
    await installation.look()
    await setAsideAfterRestore(installation.db, installation.world, { receive: 1_200n, change: 0n })
    await installation.pay(installation.rail.derive('receive', 1_150).address, 70_000n)
    await installation.mine()
    await follow({
      db: installation.db,
      rail: installation.rail,
      bitcoin: { ...installation.bitcoin, watching: newWatching(installation.rail) },
      world: installation.world,
    })
    await settleInbox({ ...installation.app, chain: installation.bitcoin.terms })
    expect(await installation.db.all(sql`select number, units from coins`)).toEqual([
      { number: 1_150n, units: 70_000n },
    ])
  } finally {
    await installation.close()
    await server.close()
  }
})
