/** People as programs read them: no hash and no secret. */
import type { UserRow } from '../../people/people.ts'

export const personJson = (row: UserRow) => ({
  ...{ id: row.id, name: row.name, role: row.role, state: row.state, language: row.language },
  ...{ addedAt: row.added_at, addedBy: row.added_by, changedAt: row.changed_at },
})
