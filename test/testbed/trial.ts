/** The bank's public trial account, which stories, storms and measurements pay to. */
import type { World } from '../../src/base/world.ts'
import type { Db } from '../../src/db/db.ts'
import { addAccount, approveAccount } from './acts.ts'

export const trialAccount = {
  holder: 'Stark Bank S.A.',
  taxId: '20.018.183/0001-80',
  bank: '20018183',
  branch: '0001',
  number: '6341320293482496',
  type: 'payment',
} as const

/** What `account add` is told to add it under the name `main`. */
export const trialAccountFlags: string[] = [
  ...[
    '--name',
    'main',
    '--holder',
    trialAccount.holder,
    '--tax-id',
    trialAccount.taxId,
    '--bank',
    trialAccount.bank,
  ],
  ...[
    '--branch',
    trialAccount.branch,
    '--number',
    trialAccount.number,
    '--type',
    trialAccount.type,
    '--by',
    'maker',
  ],
]

/** Adds it as `main` and has a second person approve it. */
export async function openTrialAccount(db: Db, world: World): Promise<void> {
  await addAccount(db, world, 'main', trialAccount, 'maker')
  await approveAccount(db, 'main', 'checker')
}
