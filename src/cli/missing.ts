/** Flags that a command needs: all that are missing are named at once, with what would be right. Commander itself stops at the first. */
import type { Command, Option, OptionValues } from 'commander'
import { BadInput } from '../base/answer.ts'

type Condition = (given: OptionValues) => boolean
const conditions = new WeakMap<Option, Condition>()

/** Some flags of `command` are needed only beside certain others. */
export function neededWhen(command: Command, flags: string[], condition: Condition): void {
  for (const option of command.options) if (flags.includes(option.long ?? '')) conditions.set(option, condition)
}

/** Takes over, for every command, what `requiredOption` asks for. */
export function nameAllMissing(repasse: Command): void {
  const takeOver = (command: Command) => {
    for (const option of command.options) {
      if (!option.mandatory) continue
      option.mandatory = false
      conditions.set(option, () => true)
    }
    command.commands.forEach(takeOver)
  }
  takeOver(repasse)

  repasse.hook('preAction', (_, command) => {
    const given = command.opts()
    const missing = command.options.filter(
      option => given[option.attributeName()] === undefined && conditions.get(option)?.(given) === true,
    )
    if (missing.length === 0) return
    const words = missing.map(({ flags, description }) => `  ${flags}: ${description}`)
    throw new BadInput(
      `${missing.length === 1 ? 'a flag is' : `${missing.length} flags are`} missing:\n${words.join('\n')}\n(${trailOf(command)} --help shows an example)`,
    )
  })
}

const trailOf = (command: Command): string => (command.parent ? `${trailOf(command.parent)} ${command.name()}` : command.name())
