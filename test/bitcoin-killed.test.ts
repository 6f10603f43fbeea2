/**
 * The real program under kill -9: it dies at every point on the way of a payment and its payout, and pays
 * once.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { freePort, mustRepasse, startWorker, type Worker } from '../sim/demoWorker.ts'
import { scaledClock, seededRandom, systemClock } from '../src/base/clock.ts'
import { instant } from '../src/base/world.ts'
import { balances, checkLedger } from '../src/ledger/ledger.ts'
import type { CandidateRow, PayoutRow } from '../src/payout/payout.ts'
import { openDb, sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { importKeys } from './testbed/chainInstallation.ts'
import { evidence } from './testbed/evidence.ts'
import { heldAt } from './testbed/owing.ts'
import { until } from './testbed/until.ts'
import { wallet } from './testbed/wallet.ts'

/** Of the installation’s clock: so that a dead worker's lease is over in a second. */
const speed = 60
const folder = mkdtempSync(join(tmpdir(), 'repasse-killed-'))
let node: Bitcoind | undefined
const workers: Worker[] = []
afterAll(async () => {
  for (const worker of workers) worker.kill()
  await Promise.all(workers.map(({ ended }) => ended))
  await node?.stop()
  if (!evidence.hasFailed()) rmSync(folder, { recursive: true, force: true })
})

test.skipIf(!bitcoindAvailable())(
  'killed at every point of a payment and its payout, the program has paid once',
  { timeout: 600_000 },
  async () => {
    node = await startBitcoind()
    await node.rpc('createwallet', ['payer'])
    await node.mine(110, await node.rpc<string>('getnewaddress', [], 'payer'))
    const ours = wallet('wpkh', 'regtest', 4711)
    await importKeys(node, 'signer', ours)
    const payee = await node.rpc<string>('getnewaddress', ['payee', 'bech32'], 'payer')

    const place = join(folder, 'installation')
    mkdirSync(place)
    const startedAt = systemClock.now()
    const lines = {
      DATABASE_URL: `sqlite:${join(place, 'repasse.db')}`,
      LISTEN: `127.0.0.1:${await freePort()}`,
      BITCOIN_NETWORK: 'regtest',
      BITCOIN_RPC_URL: node.url,
      BITCOIN_RPC_COOKIE_FILE: node.cookieFile,
      BITCOIN_DESCRIPTOR: ours.account.text,
      BITCOIN_SIGNER: 'wallet',
      BITCOIN_WALLET: 'signer',
      BITCOIN_BATCH_SECONDS: '1',
      RATE_FIXED: 'BTC-BRL 600000.00',
      CLOCK: `${speed}x since ${instant(startedAt)}`,
    }
    writeFileSync(
      join(place, '.env'),
      Object.entries(lines)
        .map(([name, value]) => `${name}="${value}"\n`)
        .join(''),
    )
    const command = (...words: string[]) => mustRepasse(place, words)
    await command('migrate')
    await command(
      'account',
      'add',
      '--kind',
      'bitcoin',
      '--name',
      'main',
      '--address',
      payee,
      '--by',
      'maker',
    )
    await command('account', 'approve', 'main', '--by', 'checker')
    const rule =
      '--name trial --rail bitcoin --currency sats --amount 100000 --count 2 --payers random --pay-to main --commission 1.5%'
    await command(
      'schedule',
      'add',
      ...rule.split(' '),
      '--due-in',
      '60d',
      '--cron',
      '0 0 1 1 *',
      '--time-zone',
      'Etc/UTC',
    )
    await command('schedule', 'run', 'trial', '--wait')

    const clock = scaledClock(speed, startedAt)
    const db = await openDb(lines.DATABASE_URL, { clock, random: seededRandom(1), virtual: true })
    const live = (crashAt?: string) => {
      let where: string | undefined
      const worker = startWorker(
        place,
        line => ((where = /^\{"killedAt":"([^"]+)"\}$/.exec(line)?.[1] ?? where), line),
        crashAt === undefined ? {} : { CRASH_AT: `${crashAt}:1` },
      )
      workers.push(worker)
      evidence.keep(`a life of ${worker.pid}, to die at ${crashAt ?? 'no point'}`, worker.recent)
      return { worker, where: () => where }
    }
    const dieAt = async (point: string) => {
      const { worker, where } = live(point)
      const { signal } = await worker.ended
      expect([signal, where()], worker.recent().join('\n')).toEqual(['SIGKILL', point])
    }
    /** Lives until it is so, and is asked to end. */
    const liveUntil = async (so: () => Promise<boolean>) => {
      const { worker } = live()
      let gone = false
      void worker.ended.then(() => (gone = true))
      await until(async () => gone || (await so()), 'what this life is for', { withinMs: 90_000 })
      if (gone) expect.unreachable(worker.recent().join('\n'))
      await worker.stop()
    }
    const payouts = () => db.all<PayoutRow>(sql`select * from payouts order by id`)

    try {
      await liveUntil(async () => (await db.one(sql`select 1 as yes from chain_blocks`)) !== undefined)
      for (const { provider_id: address } of await db.all<{ provider_id: string }>(
        sql`select provider_id from invoices`,
      ))
        await node.rpc(
          'sendtoaddress',
          [address, '0.00100000', '', '', false, true, null, 'unset', false, 5],
          'payer',
        )
      await node.mine(1)
      for (const point of ['block read', 'block kept', 'events claimed', 'event settled']) await dieAt(point)
      await node.mine(5)
      for (const point of [
        'fee rate asked',
        'bundle planned',
        'bundle signed',
        'bundle bytes kept',
        'bundle sent',
      ])
        await dieAt(point)
      expect(await node.rpc('getrawmempool')).toHaveLength(1)
      await node.mine(1)
      for (const point of ['block kept', 'event settled']) await dieAt(point)
      await node.mine(5)
      await liveUntil(async () => (await payouts()).every(({ state }) => state === 'paid'))

      expect(await payouts()).toMatchObject([
        { state: 'paid', units: 98_500n },
        { state: 'paid', units: 98_500n },
      ])
      expect(await db.all(sql`select id from attempts`)).toHaveLength(2)
      const candidates = await db.all<CandidateRow>(sql`select * from bundle_candidates`)
      expect(candidates).toMatchObject([{ state: 'mined' }])
      expect(await heldAt({ node }, payee)).toBe(
        2n * 98_500n - candidates[0]!.fee_units + candidates[0]!.house_units,
      )
      expect(await balances(db, 'BTC')).toMatchObject({ payable: 0n, 'in-transit': 0n, external: 0n })
      expect(await checkLedger(db)).toEqual([])
      await command('reconcile')
      await command('ledger', 'check')
    } finally {
      await db.close()
    }
  },
)
