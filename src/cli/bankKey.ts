/**
 * `repasse bank-key`: the key that our requests to the bank are signed with, rotated in steps of which each
 * may be cut off and said once more.
 */
import type { Command } from 'commander'
import { BadInput, type Answer } from '../base/answer.ts'
import { instant } from '../base/world.ts'
import type { Base } from '../app.ts'
import type { KeyFile } from '../rails/starkbank/keyFiles.ts'
import { personFlag, textFlag } from './flags.ts'
import { example, json, paint, table } from './print.ts'
import { inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'

export function bankKeyCommands(repasse: Command, shell: Shell): void {
  const bankKey = repasse
    .command('bank-key')
    .description('the private key that requests to the bank are signed with')
    .addHelpText('after', example('bank-key status', 'bank-key rotate'))

  bankKey
    .command('status')
    .description('which key is in use, which is next, which were retired, and which of them the bank accepts')
    .option('--json', 'as JSON')
    .addHelpText('after', example('bank-key status'))
    .action(({ json: asJson }: { json?: true }) => inBase(shell, base => showKeys(shell, base, asJson)))

  bankKey
    .command('rotate')
    .description(
      'makes a new key, shows its public half, and uses it once the bank accepts it; say it again until then',
    )
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('bank-key rotate', 'bank-key rotate --by ana'))
    .action(({ by = operator(), json: asJson }: { by?: string; json?: true }) =>
      inBase(shell, base => rotate(shell, base, by, asJson)),
    )

  bankKey
    .command('delete')
    .description('deletes the file of a key that was retired, once the bank accepts the one in use')
    .argument('<key>', 'the key, as "bank-key status" shows it')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('bank-key delete 9f86d081884c7d65 --why "removed at the bank on Monday"'))
    .action((key: string, { why, by = operator() }: { why: string; by?: string }) =>
      inBase(shell, base => deleteKey(shell, base, key, { why, by })),
    )
}

function keyFileOf({ config }: Base): string {
  if (config.STARKBANK_PRIVATE_KEY_FILE === undefined)
    throw new BadInput('STARKBANK_PRIVATE_KEY_FILE is not set, so no requests to the bank are signed here')
  return config.STARKBANK_PRIVATE_KEY_FILE
}

async function filesOf(base: Base) {
  const { keyFiles } = await import('../rails/starkbank/keyFiles.ts')
  return keyFiles(keyFileOf(base), base.config.STARKBANK_ENVIRONMENT)
}

/** What the bank says to a harmless question that this key has signed: whose the balance is. */
async function tryKey(base: Base, { file }: KeyFile): Promise<Answer<string>> {
  const { openRail } = await import('../app.ts')
  const rail = await openRail(base, { binds: false, tries: file })
  try {
    return await rail.workspace()
  } finally {
    rail.close()
  }
}

const wordOf = (answer: Answer<string>): 'accepted' | 'refused' | 'not known' =>
  answer.is === 'done'
    ? 'accepted'
    : answer.is === 'refused' && (answer.denied || !answer.again)
      ? 'refused'
      : 'not known'

async function showKeys(shell: Shell, base: Base, asJson: true | undefined): Promise<void> {
  const { ownKeySteps } = await import('../webhooks/webhooks.ts')
  const rows = []
  for (const key of await filesOf(base)) {
    const answer = await tryKey(base, key)
    const steps = await ownKeySteps(base.db, key.keyId)
    rows.push({
      key: key.keyId,
      is: key.is,
      file: key.file,
      since: steps.at(-1)?.at ?? null,
      bank: wordOf(answer),
      why: answer.is === 'done' ? null : answer.why,
    })
  }
  if (rows.some(({ is, bank }) => is === 'in use' && bank !== 'accepted')) shell.exitCode = 1
  if (asJson) return shell.out(json(rows))
  await shell.out(
    table(
      ['KEY', 'IS', 'SINCE', 'BANK', 'FILE'],
      rows.map(row => [row.key, row.is, row.since ?? '', row.bank, row.file]),
    ),
  )
  for (const { is, bank, key, why } of rows) {
    if (is === 'next')
      shell.err(
        bank === 'accepted'
          ? `the bank accepts ${key}: "repasse bank-key rotate" uses it\n`
          : `${key} waits for the bank: ${why}\n`,
      )
    if (is === 'in use' && bank !== 'accepted') shell.err(`the key in use, ${key}: ${why}\n`)
    if (is === 'retired' && bank === 'accepted')
      shell.err(`the bank still accepts ${key}: remove it at the bank, on the page “Integrations”\n`)
  }
}

async function rotate(shell: Shell, base: Base, by: string, asJson: true | undefined): Promise<void> {
  const { db, config, world } = base
  const [{ makeNext, useNext }, { ownKeySteps, recordOwnKey }] = await Promise.all([
    import('../rails/starkbank/keyFiles.ts'),
    import('../webhooks/webhooks.ts'),
  ])
  const told = (
    is: 'waits' | 'in use',
    key: KeyFile,
    more: { why?: string; retired?: string | undefined },
  ) => {
    if (is === 'waits') shell.exitCode = 1
    if (asJson)
      return shell.out(json({ is, key: key.keyId, file: key.file, publicKey: key.publicKeyPem, ...more }))
    return is === 'in use'
      ? shell.out(
          `${paint(shell, 'green', 'in use')}: requests to the bank are signed with ${key.keyId} from now on; running processes follow by themselves\n` +
            (more.retired === undefined
              ? ''
              : `the key before it is kept in ${more.retired}: remove it at the bank, then "repasse bank-key delete"\n`),
        )
      : shell.out(
          `${key.publicKeyPem}${paint(shell, 'yellow', 'waits')}: ${key.file} signs once the bank accepts it (${more.why}).\n` +
            'Register the public key above at the bank, on the page “Integrations”, beside the one in use; then say "repasse bank-key rotate" again\n',
        )
  }

  let files = await filesOf(base)
  const stepsOf = async (key: KeyFile) => (await ownKeySteps(db, key.keyId)).map(({ act }) => act)
  if (!files.some(({ is }) => is === 'next')) {
    const steps = await stepsOf(files[0])
    // Cut off after the files were exchanged: nothing is left but to write it down.
    if (steps.includes('own key made') && !steps.includes('own key in use')) {
      const before = files.filter(({ is }) => is === 'retired').at(-1)
      await recordOwnKey(db, { act: 'own key in use', key: files[0], before, by })
      return told('in use', files[0], { retired: before?.file })
    }
    makeNext(files[0].file)
    await world.at('bank key made')
    files = await filesOf(base)
  }
  const [current] = files
  const next = files.find(({ is }) => is === 'next')
  if (!next)
    throw new BadInput(
      'another process rotates the key at this moment: "repasse bank-key status" shows where it is',
    )
  await recordOwnKey(db, { act: 'own key made', key: next, by })
  await world.at('bank key written down')

  const answer = await tryKey(base, next)
  if (answer.is !== 'done') return told('waits', next, { why: answer.why })
  if (answer.value !== '' && answer.value !== config.STARKBANK_WORKSPACE_ID)
    throw new BadInput(
      `the bank accepts ${next.keyId} for workspace ${answer.value}, and STARKBANK_WORKSPACE_ID is ${config.STARKBANK_WORKSPACE_ID}: nothing was changed`,
    )
  await world.at('bank key accepted')
  const retired = useNext(
    current,
    next,
    instant(world.clock.now()).slice(0, 10),
    config.STARKBANK_ENVIRONMENT,
  )
  await world.at('bank key exchanged')
  const [inUse, ...others] = await filesOf(base)
  const before = others.find(({ file }) => file === retired)
  await recordOwnKey(db, { act: 'own key in use', key: inUse, before, by })
  await told('in use', inUse, { retired })
}

async function deleteKey(
  shell: Shell,
  base: Base,
  keyId: string,
  { why, by }: { why: string; by: string },
): Promise<void> {
  const [{ deleteRetired }, { recordOwnKey }] = await Promise.all([
    import('../rails/starkbank/keyFiles.ts'),
    import('../webhooks/webhooks.ts'),
  ])
  const files = await filesOf(base)
  const keys = files.filter(key => key.keyId === keyId && key.is === 'retired')
  if (keys.length === 0)
    throw new BadInput(
      files.some(key => key.keyId === keyId)
        ? `key ${keyId} is not retired`
        : `there is no key "${keyId}": "repasse bank-key status" shows them`,
    )
  // Until then it may be the only one with which the bank knows us.
  const answer = await tryKey(base, files[0])
  if (answer.is !== 'done')
    throw new BadInput(`the bank does not accept the key in use (${answer.why}), so ${keyId} stays`)
  await recordOwnKey(base.db, { act: 'own key deleted', key: keys[0]!, by, why })
  for (const key of keys) deleteRetired(key)
  await shell.out(
    `${keys.map(({ file }) => file).join(', ')} is deleted; copies that were made of it are not\n`,
  )
}
