/** Of nats-server: `2.10.27` is at least 2.10. */
export function isAtLeast(serverVersion: string, wantedMajor: number, wantedMinor: number): boolean {
  const [major = 0, minor = 0] = serverVersion.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
