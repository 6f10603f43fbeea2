/**
 * What is wrong with a command's flags: all that are missing and all that cannot be are told at once.
 * Commander itself stops at the first.
 */
import type { Command, Option, OptionValues } from 'commander'
import { BadInput } from '../base/answer.ts'

type Condition = (given: OptionValues) => boolean
type Check = (given: OptionValues) => Promise<string[]>
const conditions = new WeakMap<Option, Condition>()
const checks = new WeakMap<Command, Check>()

/** Some flags of `command` are needed only beside certain others. */
export function neededWhen(command: Command, flags: string[], condition: Condition): void {
  for (const option of command.options)
    if (flags.includes(option.long ?? '')) conditions.set(option, condition)
}

/**
 * What can only be judged of several flags together, or needs more than a flag's own text. Any flag may be
 * missing. Answers the faults.
 */
export function alsoCheck(command: Command, check: Check): void {
  checks.set(command, check)
}

/** Answers what `work` does; bad input goes to `faults` instead, and then the answer is undefined. */
export function attempt<T>(faults: string[], work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    faults.push(error.message)
    return undefined
  }
}

/** Takes over, for every command, what `requiredOption` asks for and what the readers of its flags find. */
export function tellAllFaults(repasse: Command): void {
  const wrong: string[] = []
  const takeOver = (command: Command) => {
    for (const option of command.options) {
      const { parseArg: read } = option
      if (read)
        option.argParser((value: string, previous: unknown) => attempt(wrong, () => read(value, previous)))
      if (!option.mandatory) continue
      option.mandatory = false
      conditions.set(option, () => true)
    }
    command.commands.forEach(takeOver)
  }
  takeOver(repasse)

  repasse.hook('preAction', async (_, command) => {
    const given = command.opts()
    const missing = command.options.filter(
      option => given[option.attributeName()] === undefined && conditions.get(option)?.(given) === true,
    )
    const faults = [...wrong, ...(await judged(checks.get(command), given))]
    if (missing.length === 0 && faults.length === 0) return
    if (missing.length === 0 && faults.length === 1) throw new BadInput(faults[0]!)
    throw new BadInput(
      [
        ...linesOfMissing(missing),
        ...linesOfWrong(faults),
        `(${trailOf(command)} --help shows an example)`,
      ].join('\n'),
    )
  })
}

async function judged(check: Check | undefined, given: OptionValues): Promise<string[]> {
  try {
    return (await check?.(given)) ?? []
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    return [error.message]
  }
}

const linesOfMissing = (missing: Option[]): string[] =>
  missing.length === 0
    ? []
    : [
        `${missing.length === 1 ? 'a flag is' : `${missing.length} flags are`} missing:`,
        ...missing.map(({ flags, description }) => `  ${flags}: ${description}`),
      ]

const linesOfWrong = (faults: string[]): string[] =>
  faults.length === 0
    ? []
    : [
        `${faults.length === 1 ? 'a value cannot be' : `${faults.length} values cannot be`}:`,
        ...faults.map(fault => `  ${fault.replaceAll('\n', '\n    ')}`),
      ]

const trailOf = (command: Command): string =>
  command.parent ? `${trailOf(command.parent)} ${command.name()}` : command.name()
