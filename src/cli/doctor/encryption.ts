/**
 * What `repasse doctor` says of encryption at rest: whether there is a key, what is not under the newest, and
 * what cannot be read.
 */
import { movesRealMoney } from '../../base/config.ts'
import type { Base } from '../../app.ts'
import type { Check } from './check.ts'

const check = 'encryption'
const maxShown = 5

export async function* encryption({ config, db, keys }: Base): AsyncGenerator<Check> {
  const file = config.ENCRYPTION_KEY_FILE
  if (file === undefined)
    return yield {
      check,
      is: movesRealMoney(config) ? 'warn' : 'info',
      says: 'ENCRYPTION_KEY_FILE is not set: personal data, events and authenticator secrets are in the database in plain text',
      run: 'repasse keys new FILE, set ENCRYPTION_KEY_FILE=FILE, then: repasse keys rotate',
    }
  const [{ openKeyFile }, { keyUses, mayBeSealed, unreadableValues }, { sayUnreadable }] = await Promise.all([
    import('../../db/keyFile.ts'),
    import('../../db/rotate.ts'),
    import('../keys.ts'),
  ])
  for (const says of openKeyFile(file, { strict: false }).findings)
    yield { check, is: 'warn', says, run: `chmod 600 ${file}` }
  const unreadable = await unreadableValues(db, keys)
  if (unreadable.length > 0)
    yield {
      check,
      is: 'error',
      says: [
        ...unreadable.slice(0, maxShown).map(sayUnreadable),
        ...(unreadable.length > maxShown ? [`and ${unreadable.length - maxShown} more`] : []),
      ].join('\n'),
      run: 'repasse keys status; put a missing key back into the key file, or restore what was changed from a backup',
    }
  const newest = keys.newest?.id
  const uses = await keyUses(db)
  const left = uses.filter(({ key }) => key !== newest)
  const count = (isPlain: boolean) =>
    left.filter(({ key }) => (key === undefined) === isPlain).reduce((sum, use) => sum + use.count, 0)
  const [plain, older] = [count(true), count(false)]
  const unbound = uses.reduce((sum, use) => sum + use.unbound, 0)
  if (plain + older + unbound > 0)
    yield {
      check,
      is: 'warn',
      says: [
        plain > 0 && `${plain} values are in plain text`,
        older > 0 && `${older} are under a key that is not the newest`,
        unbound > 0 && `${unbound} are not bound to their rows`,
      ]
        .filter(Boolean)
        .join(', '),
      run: 'repasse keys rotate',
    }
  else {
    const isOpen = await mayBeSealed(db, keys)
    yield {
      check,
      is: 'ok',
      says: `everything is encrypted under key ${newest}${isOpen ? '; plain text is not refused before "repasse keys rotate" has run once more' : ', and plain text is refused'}`,
    }
  }
}
