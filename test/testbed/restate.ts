/**
 * Schedules that a test changes by hand are stated as they are then: without that, their rows were edited
 * past the program and ask for nothing.
 */
import { stateTerms } from '../../src/schedule/terms.ts'
import type { ScheduleRow } from '../../src/schedule/schedule.ts'
import { audit } from '../../src/ledger/ledger.ts'
import { sql, type Sql, type Db } from '../../src/db/db.ts'

export const restate = (db: Db, edit: Sql): Promise<void> =>
  db.tx(async tx => {
    await tx.run(edit)
    for (const row of await tx.all<ScheduleRow>(sql`select * from schedules order by id`)) {
      const detail = { name: row.name, version: `${row.version}`, ...(await stateTerms(tx, row, 'maker')) }
      await audit(tx, { actor: 'maker', act: 'schedule changed', subject: row.id, detail })
    }
  })
