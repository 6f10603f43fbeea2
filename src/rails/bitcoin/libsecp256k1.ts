/**
 * libsecp256k1, by its native half alone. The package's main file falls back to `elliptic` in silence where
 * no build fits this machine: 13 to 29 times slower, and with a history of wrong answers. Nothing about money
 * is judged by that.
 */
import { createRequire } from 'node:module'
import { BadInput } from '../../base/answer.ts'

type Library = typeof import('secp256k1')

const native = ((): Library | undefined => {
  try {
    return createRequire(import.meta.url)('secp256k1/bindings') as Library
  } catch {
    return undefined
  }
})()

export const hasLibrary = native !== undefined

export const noLibrary = () =>
  new BadInput(
    `the package secp256k1 has no native build for ${process.platform}-${process.arch}, and its JavaScript one is not used: build it (npm rebuild secp256k1, with python3, make and a C compiler), or leave BITCOIN_RPC_URL out`,
  )

/** Where there is no build the first use throws; a program that has no Bitcoin rail never comes to it. */
export const secp256k1: Library =
  native ??
  new Proxy({} as Library, {
    get() {
      throw noLibrary()
    },
  })
