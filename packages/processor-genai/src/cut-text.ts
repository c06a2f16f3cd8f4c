/** Members of messages that say what something is rather than what was said: what reads messages relies on them. */
const names = new Set(['role', 'type', 'id', 'name', 'modality', 'mime_type', 'finish_reason', 'tool_call_id', 'call_id', 'file_id']);
/** Names are no longer than this. */
const longestName = 256;

/** How many bytes may stay whole in a member of a map. */
export function maxBytesOf(member: string, maxBytes: number): number {
  return maxBytes < longestName && names.has(member) ? longestName : maxBytes;
}

/** The longest beginning of a text that takes at most `maxBytes` of UTF-8 and ends between two characters. */
export function cutText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
