/**
 * Whether this process signs its requests to the bank with a key that another one has replaced: its file is
 * on a machine that the rotation did not reach.
 */
import { lowerAlarm, raiseAlarm, type AlarmName } from '../ledger/ledger.ts'
import { isOwnKeyRetired } from '../webhooks/webhooks.ts'
import type { Runner } from './runner.ts'

const lookEveryMs = 60_000

/**
 * The same in a process that runs no jobs and still asks the bank, as one of the role web does. Answers what
 * ends it.
 */
export function followOwnKey(runner: Runner, keyId: () => string): () => void {
  const { clock, log } = runner.world
  const over = new AbortController()
  void (async () => {
    while (!over.signal.aborted) {
      await watchOwnKey(runner, keyId()).catch(() =>
        log.error({}, 'whether the bank key in use was retired is not known'),
      )
      await clock.sleep(lookEveryMs, over.signal)
    }
  })()
  return () => over.abort()
}

/** Says so in an alarm of this machine until it does not. */
export async function watchOwnKey({ db, world, worker }: Runner, keyId: string): Promise<void> {
  const name: AlarmName = `bank key of ${worker.replace(/\/[^/]*$/, '')}`
  if (!(await isOwnKeyRetired(db, keyId))) {
    if (await lowerAlarm(db, name)) world.log.info({ keyId }, 'the bank key in use signs here again')
  } else if (await raiseAlarm(db, name, keyId))
    world.log.error({ keyId }, 'requests to the bank are signed with a key that was retired')
}
