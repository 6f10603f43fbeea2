/**
 * Who may ask: a Project signs `<access id>:<access time>:<body>`, and nothing else of the request (Stark
 * Bank docs, Authentication).
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import type { Office } from './office.ts'
import { refuse } from './refusal.ts'

export interface Project {
  id: string
  publicKeyPem: string
}

export interface Auth {
  /** Each key that was added signs, until it is removed: a project may have several while it changes them. */
  addProject(project: Project): void
  removeKey(project: Project): void
  /**
   * Throws a Refusal (HTTP 400) unless a known project signed this body a moment ago. `headers` have
   * lower-case names.
   */
  check(headers: Record<string, string>, body: Buffer, ip: string | undefined): void
}

export function makeAuth(office: Office): Auth {
  const keys = new Map<string, KeyObject[]>()
  return {
    addProject: ({ id, publicKeyPem }) =>
      void keys.set(`project/${id}`, [...(keys.get(`project/${id}`) ?? []), createPublicKey(publicKeyPem)]),
    removeKey({ id, publicKeyPem }) {
      const gone = createPublicKey(publicKeyPem)
      keys.set(
        `project/${id}`,
        (keys.get(`project/${id}`) ?? []).filter(key => !key.equals(gone)),
      )
    },
    check(headers, body, ip) {
      const { settings } = office
      const [accessId, accessTime, signature] = [
        headers['access-id'],
        headers['access-time'],
        headers['access-signature'],
      ]
      if (!accessId || !accessTime || !signature) {
        return refuse('invalidCredentials', 'Access-Id, Access-Time and Access-Signature must all be there')
      }
      const known = keys.get(accessId) ?? refuse('invalidProject', `No project answers to ${accessId}`)
      // Signed as the text it came as: Python's SDK sends decimals.
      const message = Buffer.concat([Buffer.from(`${accessId}:${accessTime}:`), body])
      if (!known.some(key => verifies(message, key, signature))) {
        refuse(
          'invalidCredentials',
          'Provided digital signature in the header Access-Signature does not check out',
        )
      }
      if (!(Math.abs(Number.parseFloat(accessTime) - office.now() / 1000) <= settings.skewSeconds)) {
        refuse(
          'invalidAccessTime',
          `Access-Time is more than ${settings.skewSeconds} seconds away from the bank's clock`,
        )
      }
      if (settings.allowedIp && ip !== settings.allowedIp)
        refuse('invalidIp', `${ip ?? 'This address'} is not on the project's list`)
    },
  }
}

function verifies(message: Buffer, key: KeyObject, signature: string): boolean {
  try {
    return verify('sha256', message, key, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}
