// Package httpjson asks an HTTP server how much work waits and who does it,
// and has it tell workers what to do. It is for queues that are not
// RabbitMQ's: their side answers with two small JSON documents.
//
// # How much waits
//
//	GET https://jobs.example/depth?queue=fast
//	Authorization: Bearer …
//
//	200 OK
//	{"ready": 12, "unacked": 3, "consumers": 4, "oldest_seconds": 7.5}
//
// What is missing or null is not known. A queue that does not exist is
//
//	{"absent": true}
//
// # Who works
//
//	GET https://jobs.example/workers
//	Authorization: Bearer …
//
//	200 OK
//	{"complete": true, "silence_seconds": 10, "workers": [
//	  {"name": "worker@vm-a", "process": 1763820729, "seen_seconds": 0.8,
//	   "queues": ["fast"], "slots": 4, "active": 2, "reserved": 0, "begun": 118}]}
//
// The list is of all workers of all queues. Of each of them, name, process and
// seen_seconds have to be there; of the others, what is missing or null is not
// known.
//
//   - name: behind the last @ it has the name, the id or an address of its
//     machine.
//   - process: a whole number that is another each time the worker is started:
//     when it was started, or the number of its process.
//   - seen_seconds: how long ago the server heard of it. The list keeps who is
//     silent: whoever is so for longer than silence_seconds (10 unless it is
//     said) has gone.
//   - queues: those whose tasks the server hands to it.
//   - slots: how many tasks it can run at once.
//   - active, reserved: the tasks that the server has handed to it and does not
//     know to have ended, those that run and those that do not yet. A task is in
//     one of them from the moment in which it is in the queue no more.
//   - begun: tasks that it has begun since it was started, with those that run.
//   - complete: true when whoever lives must be in the list. A server that has
//     just begun says false until everyone has had the time to be heard.
//     Missing is false.
//
// # What workers are to do
//
//	POST https://jobs.example/workers
//	{"command": "cancel", "worker": "worker@vm-a", "process": 1763820729, "queue": "fast"}
//
//	200 OK, 202 Accepted or 204 No Content
//
// where the command is one of
//
//   - cancel: hand it no more tasks of that queue, and take the queue out of its
//     queues when that is so. What it has it keeps. That holds until the worker
//     is started again; a server that forgets it is found out by its list.
//   - resume: the contrary, and back into its queues.
//   - shutdown (without a queue): have it end when what it does is done. The
//     server takes it out of the list when it has ended.
//
// Each may come twice, and does no harm then. 404 is a worker, or a process of
// it, that is not there; 409, 422 and 400 a command that is refused, for the
// reason in {"error": "…"}.
//
// # Of all of them
//
// Anything else is an error, a 404 to a GET too, as it is also what a wrong
// address answers. Fields that are not named here are ignored. Redirects are
// not followed, as they would take the secret along.
package httpjson
