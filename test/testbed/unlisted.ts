/**
 * The installation's bank as one that refuses log types which its documents do not name, so that what went
 * back to payers is in no list.
 */
import { refused } from '../../src/base/answer.ts'
import type { Rail } from '../../src/rails/rail.ts'
import { starkbankRail } from '../../src/rails/starkbank/starkbank.ts'
import { wire } from '../simulation/wire.ts'
import type { TestInstallation } from './testInstallation.ts'

export function railThatListsLittle({ bank, clock, app: { world } }: TestInstallation): Rail {
  const still = { at: () => Promise.resolve(), latencyMs: () => 0, trace: () => undefined }
  const plain = wire({ bank, clock, bankNow: () => clock.now(), ...still })
  const { random, log } = world
  return starkbankRail({
    bank: {
      ...plain,
      pageInvoiceLogs: async query =>
        'types' in query && query.types?.includes('reversed')
          ? refused('invalidType', false)
          : plain.pageInvoiceLogs(query),
    },
    ...{ workspaceId: bank.settings.workspaceId, clock, random, log },
  })
}
