/** What the installation logs through: pino's shape, narrowed, with what must not be read taken out. */
import { pino, stdTimeFunctions, type DestinationStream, type LoggerOptions } from 'pino'

export type Fields = Record<string, unknown>
export interface Log {
  debug(fields: Fields, message: string): void
  info(fields: Fields, message: string): void
  warn(fields: Fields, message: string): void
  error(fields: Fields, message: string): void
  child(fields: Fields): Log
}

const secret = [
  'taxId',
  'tax_id',
  'accountNumber',
  'number',
  'privateKey',
  'cookie',
  'authorization',
  'headers',
  'config',
]

/**
 * Pino lines as JSON on `to`; tax ids, account numbers, keys and headers are redacted in what is logged and
 * one level into it.
 */
export function makeLog(level: string, to?: DestinationStream): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: secret.flatMap(name => [name, `*.${name}`]), censor: '[redacted]' },
  }
  return pino(options, to as DestinationStream)
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }
