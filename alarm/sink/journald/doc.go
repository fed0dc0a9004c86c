// Package journald writes each event to the systemd journal, by its native
// protocol, with the event's parts as fields:
//
//	journalctl MESSAGE_ID=528e2bcfa1fb4a8381f0c293678452ec
//	journalctl PERFMON_UUID=5d0d2a4c-7b7c-4e0e-8a53-0d1ab7a10001 -o json
//
// Where there is no journal, a line on standard error stands for the entry.
// It is a best effort: nobody confirms an entry, and one that was interrupted
// may appear twice.
package journald
