/**
 * Who acts at the command line, and how they show it: by a key file, by a code of their authenticator, or by
 * nothing but a name.
 */
import { readFileSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import type { Proof } from '../approvals/approvals.ts'
import { BadInput } from '../base/answer.ts'
import { samePerson } from '../base/person.ts'
import { instant } from '../base/world.ts'
import type { Base } from '../app.ts'
import type { UserRow } from '../people/people.ts'
import type { Act } from '../people/roles.ts'
import { operator } from './operator.ts'
import type { Shell } from './context.ts'
import type { ProofFlags } from './acting.ts'

/** Commands that ask themselves who acts, and what it takes. */
const asking = new WeakSet<Command>()

/**
 * Adds the flags by which a person of the console shows who they are, for a command that calls `prove`
 * itself.
 */
export function proofFlags(command: Command): Command {
  asking.add(command)
  return withFlags(command)
}

const withFlags = (command: Command): Command =>
  command
    .option('--key <file>', 'shows that it is them by their key file, which signs; "user key" makes one')
    .option('--code <code>', 'shows that it is them by a code of their authenticator')

/**
 * Commands by which one person lets money go, or prepares what another one lets go, and the act that the
 * console asks for there. Whoever prepares is proven as well: two names, one of which anybody can write, are
 * one person.
 */
const actsOfMoney: Readonly<Record<string, Act>> = {
  'invoice accept': 'invoice.accept',
  'invoice refund': 'invoice.refund',
  'bitcoin bundle cancel': 'bundle.cancel',
  'bitcoin psbt import': 'psbt.import',
  'account add': 'account.add',
  'account terms': 'account.terms',
  'account debt': 'account.debt',
  'account clear': 'account.clear',
  'limits set': 'limits.set',
  'limits clear': 'limits.clear',
  'payout approve': 'payout.beyond',
  'payout adjudicate': 'payout.adjudicate',
  'payout redirect': 'payout.redirect',
  'invoice reversal': 'refund.propose',
  'invoice not-received': 'refund.propose',
  'reconcile accept': 'line.accept',
  'reconcile rule add': 'rule.add',
  'suspense close': 'suspense.close',
}

function actOf(command: Command): Act | undefined {
  const path: string[] = []
  for (let each = command; each.parent; each = each.parent) path.unshift(each.name())
  const act = actsOfMoney[path.join(' ')]
  // A refund of anything but a duplicate is a proposal.
  return act === 'invoice.refund' && command.opts<{ twin?: string }>().twin === undefined
    ? 'refund.propose'
    : act
}

/** Every other command that is told `--by` takes them too, and is judged as soon as the database is open. */
export function proveEverywhere(commands: Command, shell: Pick<Shell, 'acting'>): void {
  const walk = (command: Command) => {
    if (command.options.some(({ long }) => long === '--by') && !asking.has(command)) withFlags(command)
    for (const each of command.commands) walk(each)
  }
  walk(commands)
  commands.hook('preAction', (_, command) => {
    if (asking.has(command)) return
    if (!command.options.some(({ long }) => long === '--by')) return
    const { by, key, code } = command.opts<ProofFlags>()
    if (by === undefined && (key ?? code) !== undefined)
      throw new BadInput('--key and --code show who --by is: say --by too')
    // Where nobody is named it is the system's user, who may be called as a person of the console is.
    const act = actOf(command)
    shell.acting = {
      ...{
        ...(by !== undefined && { by }),
        ...(key !== undefined && { key }),
        ...(code !== undefined && { code }),
      },
      ...(act !== undefined && { act }),
    }
  })
}

export interface Prover {
  by: string
  proof: Proof
  /** The person, where they are one of the console. */
  user: UserRow | undefined
}

/** What may be only said anywhere: payouts wait then until a checker has signed it. */
const waitsForProof: readonly Act[] = ['account.approve', 'schedule.add', 'schedule.edit']

/** What it takes to judge who acts. */
type Proving = Pick<Base, 'db' | 'world' | 'terms'>

/**
 * Who acts. Throws `BadInput` where a name belongs to a person and nothing shows that it is them, or where
 * their role does not allow `act`.
 */
export async function prove(base: Proving, { by, key, code }: ProofFlags, act?: Act): Promise<Prover> {
  if (key !== undefined && code !== undefined)
    throw new BadInput('--key and --code are both given: one of them is enough')
  const prover =
    key === undefined
      ? await byName(base, by ?? operator(), code, by === undefined)
      : await byKey(base, key, by)
  const { user } = prover
  if (user) await refuseEdited(base, user)
  if (
    act !== undefined &&
    !waitsForProof.includes(act) &&
    prover.proof.is === 'said' &&
    base.terms.approvals === 'proven'
  )
    throw new BadInput(
      `${prover.by} is only a name, and where money is real that neither prepares a payment nor lets one go: --key, or --by with --code, of a person of the console`,
    )
  if (user && act !== undefined) {
    const { may, roles } = await import('../people/people.ts')
    if (!may(user.role, act))
      throw new BadInput(
        `${user.name} is ${user.role}: this takes ${roles.filter(role => may(role, act)).join(' or ')}`,
      )
  }
  return prover
}

/** A row that was edited past the program lets nobody act, at whatever command. */
async function refuseEdited({ db }: Proving, user: UserRow): Promise<void> {
  const { barSentence, editedPerson } = await import('../ledger/ledger.ts')
  const edited = await editedPerson(db, user)
  if (edited) throw new BadInput(barSentence(user.name, { is: 'edited', edited }))
}

async function byKey({ db }: Proving, file: string, by: string | undefined): Promise<Prover> {
  const [{ findKey, fingerprint, wasRetired }, { findUser }] = await Promise.all([
    import('../approvals/approvals.ts'),
    import('../people/people.ts'),
  ])
  const signer = await signerIn(file)
  const keyId = fingerprint(signer.publicKey)
  const row = await findKey(db, keyId)
  if (!row)
    throw new BadInput(`--key ${file} is registered to nobody: "repasse user key" makes and registers one`)
  if (row.retired_at !== null || (await wasRetired(db, row)))
    throw new BadInput(`--key ${file} was retired${row.retired_at === null ? '' : ` at ${row.retired_at}`}`)
  const user = (await findUser(db, row.user_id))!
  if (user.state === 'locked' || user.state === 'removed') throw new BadInput(`${user.name} is ${user.state}`)
  if (by !== undefined && !samePerson(by, user.name))
    throw new BadInput(`--key ${file} is ${user.name}’s, and --by says ${by}`)
  return { by: user.name, proof: { is: 'key', keyId, sign: signer.sign }, user }
}

/** Throws `BadInput` where it cannot be read, holds no key, or where others may read it. */
async function signerIn(file: string) {
  const { readSigner } = await import('../approvals/approvals.ts')
  let text: string
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new BadInput(`--key ${file} can be read by others: chmod 600 ${file}`)
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof BadInput) throw error
    throw new BadInput(`--key ${file} cannot be read (${(error as { code?: string }).code})`, {
      cause: error,
    })
  }
  const signer = readSigner(text)
  if (!signer) throw new BadInput(`--key ${file} holds no Ed25519 private key: "repasse user key" makes one`)
  return signer
}

async function byName(
  base: Proving,
  by: string,
  code: string | undefined,
  isOperator: boolean,
): Promise<Prover> {
  const { confirmByCode, findAlike, findUser } = await import('../people/people.ts')
  const user = await findUser(base.db, by)
  if (!user) {
    if (code !== undefined)
      throw new BadInput(
        `--code is given, and --by ${by} is nobody of the console: "repasse user list" shows them`,
      )
    const alike = isOperator ? undefined : await findAlike(base.db, by)
    if (alike)
      throw new BadInput(`--by ${by} reads like ${alike.name}, a person of the console: write another name`)
    return { by, proof: { is: 'said' }, user }
  }
  if (code === undefined)
    throw new BadInput(
      `${user.name} is a person of the console: show that it is them with --code (of their authenticator) or --key (their key file)${isOperator ? ', or say --by NAME for somebody else: this system’s user is called so too' : ''}`,
    )
  const answer = await confirmByCode(base.db, base.world, user, code)
  if (answer.is === 'confirmed') return { by: user.name, proof: { is: 'code' }, user }
  throw new BadInput(
    answer.is === 'throttled'
      ? `--code: too many wrong codes, the next is looked at from ${instant(answer.untilMs)} on`
      : `--code is not the present code of ${user.name}’s authenticator, or was used already`,
  )
}
