import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh directory under the system's temporary one; its user decides when it is removed. */
export function temporaryDirectory(purpose: string): string {
  const directory = mkdtempSync(join(tmpdir(), `iomt-${purpose}-`))
  // mkdtemp makes it 0700, but a Postgres started by root runs as another user and must get through.
  chmodSync(directory, 0o755)
  return directory
}
