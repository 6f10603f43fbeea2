/**
 * An installation whose payout is on its way, on a node that may be ended and started: for stories of what
 * happens between its sending and its sixth block.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { done } from '../../src/base/answer.ts'
import { balances } from '../../src/ledger/ledger.ts'
import { sql } from '../../src/db/db.ts'
import type { Bitcoind } from './bitcoind.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './chainInstallation.ts'
import { bundlesOf, heldAt, mineOnly, owing, type Offer } from './owing.ts'

export interface SentPayouts extends ChainInstallation {
  /** What is usual from now on, in satoshis for a thousand virtual bytes. */
  fee(rate: bigint): void
  /** The one bundle, and its transactions. */
  only(): Promise<Awaited<ReturnType<typeof bundlesOf>>[number]>
  offers(): Promise<Offer[]>
  states(): Promise<string[]>
  mempool(): Promise<string[]>
  /** Why payouts are stopped. */
  stopped(): Promise<string | undefined>
  letGo(): Promise<unknown>
  /** Starts the node again. A wallet sends again what it knows, so none is loaded unasked. */
  startNode(...wallets: string[]): Promise<void>
  /**
   * Once it lies six blocks deep everything adds up: the payee has what this offer pays, and nothing is left
   * in between.
   */
  expectPaid(offer: Offer): Promise<void>
}

/** For a node started with `-persistmempool=0`. Fees are 2 sat/vB. */
export async function openSentPayouts(
  node: Bitcoind,
  options: Partial<ChainInstallationOptions> = {},
): Promise<SentPayouts> {
  if (
    !(await node.rpc<string[]>('listwallets')).includes('payer') &&
    (await node.rpc<number>('getblockcount')) > 0
  )
    await node.rpc('loadwallet', ['payer'])
  const installation = await openChainInstallation({ node, commissionBp: 0n, ...options })
  const { destination: payee } = (await installation.db.one<{ destination: string }>(
    sql`select destination from accounts`,
  ))!
  const fee = (rate: bigint) => void (installation.rail.feeRate = async () => done(rate))
  fee(2_000n)
  const only = async () => (await bundlesOf(installation))[0]!
  const states = async () => (await installation.payouts()).map(({ state }) => state)
  return Object.assign(installation, {
    ...{ fee, only, states },
    offers: async () => (await only()).offers,
    mempool: () => node.rpc<string[]>('getrawmempool'),
    stopped: async () =>
      (await installation.db.one<{ value: string }>(sql`select value from settings where name = 'hold'`))
        ?.value,
    letGo: () => installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`)),
    async startNode(...wallets: string[]) {
      // At the installation's time, for its blocks are of a future that the node would not believe in.
      writeFileSync(
        join(node.folder, 'bitcoin.conf'),
        `softwareexpiry=0\nmocktime=${Math.floor(installation.clock.now() / 1000)}\n`,
      )
      await node.start()
      for (const name of wallets) await node.rpc('loadwallet', [name])
    },
    async expectPaid(offer: Offer) {
      expect(new Set(await states())).toEqual(new Set(['paid']))
      expect(await heldAt(installation, payee)).toBe(paidBy(offer))
      expect(await balances(installation.db, 'BTC')).toMatchObject({
        payable: 0n,
        'in-transit': 0n,
        external: 0n,
      })
      expect(await installation.audit()).toEqual([])
    },
  })
}

/**
 * The same, with two payouts sent together and `blocks` mined without them. With the commission there is
 * change.
 */
export async function openStuckInstallation(
  node: Bitcoind,
  options: Partial<ChainInstallationOptions> = {},
  blocks = 6,
): Promise<SentPayouts> {
  const installation = await openSentPayouts(node, { commissionBp: 150n, ...options })
  await owing(installation, [{ units: 60_000n }, { units: 140_001n, parts: [100_000n, 40_001n] }])
  await installation.send()
  await mineOnly(installation, blocks)
  return installation
}

/** What reaches the payees of a transaction, in satoshis. */
export const paidBy = ({ outputs }: Offer): bigint => outputs.reduce((sum, { units }) => sum + units, 0n)
/** Its bytes, as a node takes them. */
export const hexOf = ({ raw }: Offer): string => Buffer.from(raw!).toString('hex')
