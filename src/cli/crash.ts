/** For storms: ends the process at a named point between two effects, as kill -9 would. */
import { writeSync } from 'node:fs'
import { BadInput } from '../base/answer.ts'
import { systemRandom } from '../base/clock.ts'
import type { CrashPoint } from '../base/world.ts'

/**
 * Reads `payouts asked for:0.2,*:0.01`: points and how likely each is to be the end. Not set, it does
 * nothing.
 */
export function crashPoint(
  text: string | undefined,
  random: { next(): number } = systemRandom,
  end: (name: string) => void = endNow,
): CrashPoint {
  if (text === undefined) return () => undefined
  const chances = new Map(text.split(',').map(part => readPart(text, part)))
  return name => {
    const chance = chances.get(name) ?? chances.get('*') ?? 0
    if (chance > 0 && random.next() < chance) end(name)
  }
}

/** Tells the storm where, past every buffer, and is gone. */
function endNow(name: string): void {
  writeSync(2, `${JSON.stringify({ killedAt: name })}\n`)
  process.kill(process.pid, 'SIGKILL')
}

function readPart(text: string, part: string): [string, number] {
  const match = /^([^:]+):(0|1|0?\.\d+|1\.0+)$/.exec(part.trim())
  if (!match)
    throw new BadInput(
      'CRASH_AT is set, and not shown here: expected points and chances such as "payouts asked for:0.2" or "*:0.01", parted by commas',
    )
  return [match[1]!, Number(match[2])]
}
