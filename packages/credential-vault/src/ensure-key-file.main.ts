import { ensureKeyFile, readKeyFile } from './key-file.ts'

// `CREDENTIAL_KEY_FILE=… node ensure-key-file.main.ts`: makes the key file when there is none, checks it when there is.
const path = process.env['CREDENTIAL_KEY_FILE']
if (!path) {
  process.stderr.write('CREDENTIAL_KEY_FILE is not set. Example: /var/lib/iomt/credential-keys.json\n')
  process.exit(1)
}
try {
  const created = ensureKeyFile(path)
  const { active, keys } = readKeyFile(path)
  process.stdout.write(`${path}: ${created ? 'created' : 'exists'}, ${keys.size} key(s), active "${active}"\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
