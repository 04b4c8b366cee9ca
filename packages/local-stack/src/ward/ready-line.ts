/** What the ward writes once it publishes; its supervisor looks for it in the log. */
export const READY_LINE = 'publishing'
