/** Whether two people of the console could be taken for one another, or could be one. */
import type { Base } from '../../app.ts'
import type { Check } from './check.ts'

export async function* people({ db }: Pick<Base, 'db'>): AsyncGenerator<Check> {
  const { namesAlike, sharedMailboxes } = await import('../../people/people.ts')
  const check = 'people'
  for (const [one, other] of await namesAlike(db))
    yield {
      check,
      is: 'warn',
      says: `the names ${one} and ${other} read alike: one is taken for the other where people approve`,
      run: `repasse user remove ${other}, then add that person under another name`,
    }
  for (const names of await sharedMailboxes(db))
    yield {
      check,
      is: 'warn',
      says: `${names.join(' and ')} have one mailbox: whoever reads it could be each of them`,
      run: 'one of them gives another address on their own page of the console',
    }
}
