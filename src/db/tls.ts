/**
 * How a connection to PostgreSQL is encrypted, from `sslmode` in its URL, read once for the program and for
 * the database's own programs: the two read it differently by themselves. The meanings are libpq's
 * (PostgreSQL docs, 34.19), and `no-verify` is `require` without a look at any certificate, as node-postgres
 * has it.
 */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { checkServerIdentity, getCACertificates, type ConnectionOptions } from 'node:tls'
import { BadInput } from '../base/answer.ts'
import type { Millis } from '../base/world.ts'

const modes = ['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'] as const
type Mode = (typeof modes)[number]

export interface Encryption {
  /** The URL without what is said of encryption. */
  plainUrl: string
  /** What node-postgres is told: undefined where nothing is said, false for never. */
  ssl: ConnectionOptions | false | undefined
  /** Encrypted where the server offers it, which it has to be asked. */
  ifOffered: boolean
  /** What `pg_dump` and `pg_restore` are told to mean the same. */
  forPrograms: Record<string, string>
  /** Certificates that are trusted, for a file of theirs, where no file is named. */
  trusted: readonly string[] | undefined
}

/** A file that cannot be there, so that no certificate of the user's own is looked at. */
const nowhere = '/dev/null/none'

/** Throws `BadInput` on a mode that is none, and on one that cannot mean the same to all. */
export function readEncryption(url: string): Encryption {
  // What says nothing of it stays as it is: several hosts, a socket's folder and the like are no URL to us,
  // and are one to the database.
  if (!/[?&](?:ssl\w*|uselibpqcompat)=/.test(url))
    return { plainUrl: url, ssl: undefined, ifOffered: false, forPrograms: {}, trusted: undefined }
  const address = new URL(url)
  const take = (name: string) => {
    const value = address.searchParams.get(name) ?? undefined
    address.searchParams.delete(name)
    return value === '' ? undefined : value
  }
  const wrong = (what: string) => new BadInput(`DATABASE_URL: ${what}`)
  if (address.searchParams.has('ssl'))
    throw wrong(
      'ssl is not a parameter that the database’s programs know: write sslmode=verify-full, or sslmode=require',
    )
  const asked = take('sslmode')
  const [rootFile, certFile, keyFile] = [take('sslrootcert'), take('sslcert'), take('sslkey')]
  take('uselibpqcompat')
  const mode = asked === undefined ? undefined : modes.find(each => each === asked)
  if (asked !== undefined && mode === undefined)
    throw wrong(`sslmode "${asked.slice(0, 40)}" is not one of ${modes.join(', ')}`)
  if (mode === undefined && (rootFile ?? certFile ?? keyFile) !== undefined)
    throw wrong('certificates are named without an sslmode: write sslmode=verify-full')
  const host = address.hostname.replace(/^\[|\]$/g, '')
  // Rewritten, a blank has become a plus, which the database's programs take for one.
  address.search = address.search.replaceAll('+', '%20')
  const plainUrl = address.href
  if (mode === undefined)
    return { plainUrl, ssl: undefined, ifOffered: false, forPrograms: {}, trusted: undefined }

  const rootIsFile = rootFile !== undefined && rootFile !== 'system'
  if (mode === 'verify-ca' && !rootIsFile)
    throw wrong('sslmode=verify-ca needs sslrootcert=FILE: any public authority would do for it otherwise')
  const verifies: Record<Mode, 'nothing' | 'the authority' | 'the host too'> = {
    ...{ disable: 'nothing', allow: 'nothing', prefer: 'nothing', 'no-verify': 'nothing' },
    // So libpq has it: who names an authority means it.
    require: rootIsFile ? 'the authority' : 'nothing',
    ...{ 'verify-ca': 'the authority', 'verify-full': 'the host too' },
  }
  const ownFiles = {
    ...(certFile !== undefined && { sslcert: certFile }),
    ...(keyFile !== undefined && { sslkey: keyFile }),
  }
  const inNode = (name: string, file: string | undefined) =>
    file === undefined ? {} : { [name]: fileOf(file, wrong) }
  const own = { ...inNode('cert', certFile), ...inNode('key', keyFile) }
  const trusted =
    mode === 'verify-full' && !rootIsFile
      ? [...new Set([...getCACertificates('default'), ...getCACertificates('system')])]
      : undefined
  const ca = trusted ?? (rootIsFile ? [fileOf(rootFile, wrong)] : undefined)
  const ssl: ConnectionOptions =
    verifies[mode] === 'nothing'
      ? { ...own, rejectUnauthorized: false }
      : {
          ...own,
          ...(ca && { ca: [...ca] }),
          rejectUnauthorized: true,
          // An address of digits has no name to be told by, so it is compared here.
          checkServerIdentity: (_, certificate) =>
            verifies[mode] === 'the host too' ? checkServerIdentity(host, certificate) : undefined,
        }
  return {
    plainUrl,
    ssl: mode === 'disable' ? false : ssl,
    ifOffered: mode === 'allow' || mode === 'prefer',
    forPrograms: {
      sslmode: mode === 'no-verify' ? 'require' : mode,
      ...(verifies[mode] === 'nothing' ? { sslrootcert: nowhere } : rootIsFile && { sslrootcert: rootFile }),
      ...ownFiles,
    },
    trusted,
  }
}

function fileOf(path: string, wrong: (what: string) => BadInput): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw wrong(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

/**
 * The eight bytes a client asks with whether there is TLS, and a byte that answers. (PostgreSQL docs, 53.7,
 * SSLRequest)
 */
const question = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const patienceMs: Millis = 5_000

export function offersTls(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432), timeout: patienceMs },
      () => socket.write(question),
    )
    socket.once('data', answer => {
      socket.destroy()
      resolve(answer[0] === 'S'.charCodeAt(0))
    })
    socket.once('error', reject)
    socket.once('timeout', () => socket.destroy(new Error('the database does not answer')))
    socket.once('close', () => reject(new Error('the database closed the connection')))
  })
}
