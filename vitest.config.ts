import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './test/testbed/longestFirst.ts'

/**
 * Tests of one room or one installation within the process: a worker runs one after another without loading
 * the program anew, which costs more than most of them.
 */
const together = [
  'src/**/*.test.{ts,tsx}',
  'sim/{bank,demoCoins,demoPayers,payerServer}.test.ts',
  'sim/chain/{chain,contract,contractReorg,contractSpending,contractWallets}.test.ts',
  'test/console-{accounts,acts,bitcoin,cash,coins,duplicates,engines,limits,lists}.test.ts',
  'test/console-{products,proposals,reconciliation,schedules,verdicts}.test.ts',
  'test/security{,-forms,-questions,-roles}.test.ts',
  'test/{anchors,approvals,approver,attention,books,cash,checks,clocks,cooling,denied,duplicates,encryption}.test.ts',
  'test/{forgotten,holds,late,limits,long-lists,lookup,metrics,orders,orders-bitcoin,own-lines,payout-verdicts,payout-waits}.test.ts',
  'test/{people-by-two,privacy,proposals,refunds,retention,reversals,schedule-terms,settling}.test.ts',
  'test/{shop,shop-limits,shopCoins,shopPostgres,store}.test.ts',
  'test/{strangers,suspense,tallies,together,two-stores,walk,walk-bundles,walk-invoices,walk-requests}.test.ts',
  'test/bitcoin-{bumps,cancel,edited,isolated,late,mempool,payouts,random,refunds,restored,rewards,scan,sent,unmined}.test.ts',
  'test/{securityTable,supply}.test.ts',
]
/**
 * Those that put something in the place of what others use too: clocks, sockets, what the bank's own library
 * keeps.
 */
const alone = ['src/base/clock.test.ts', 'src/rails/starkbank/*.test.ts', 'src/rates/outage.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: together,
          exclude: [...configDefaults.exclude, ...alone],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['{sim,test,bench}/**/*.test.{ts,tsx}', ...alone],
          exclude: [...configDefaults.exclude, ...together.filter(each => !each.startsWith('src/'))],
        },
      },
    ],
    globalSetup: ['./test/testbed/shareServers.ts'],
    setupFiles: ['./test/testbed/measure.ts', './test/testbed/cheapHash.ts'],
    sequence: { sequencer: LongestFirst },
    // Half of them wait for servers, a scaled clock or a host: a run of three left a third of two cores idle.
    // More do no good on many cores, where each brings servers of its own.
    maxWorkers: 5,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
