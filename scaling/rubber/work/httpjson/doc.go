// Package httpjson asks an HTTP server how much work waits. It is for queues
// that are not RabbitMQ's: their side answers with a small JSON document.
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
// and anything but 200 and a document of this form is an error: 404 too, as
// it is also what a wrong address answers. Fields that are not named here are
// ignored.
package httpjson
