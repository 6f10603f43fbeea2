/** The user of this system. */
import { userInfo } from 'node:os'

/** Who acts, unless `--by` says. In a container the user may have a number and no name. */
export function operator(): string {
  try {
    return userInfo().username
  } catch {
    return `user-${process.getuid?.() ?? 'unknown'}`
  }
}
