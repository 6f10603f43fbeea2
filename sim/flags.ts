/**
 * Reads the flags of a program that is not the product: what Node cannot read is one line and exit 2, not its
 * stack.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util'

export function readFlags<const T extends ParseArgsConfig>(
  config: T,
): ReturnType<typeof parseArgs<T>>['values'] {
  try {
    return parseArgs(config).values
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error
    // Its first sentence says what is wrong; the rest is about positional arguments, of which there are none.
    const why = /is ambiguous/.test(message)
      ? message.replace(/^[^']*'([^' ]+)[^']*'[^]*$/, '$1 needs a value that does not begin with a dash')
      : message.split(/\.\s/)[0]!
    process.stderr.write(`${why} (--help shows what it takes)\n`)
    process.exit(2)
  }
}
