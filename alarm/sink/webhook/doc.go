// Package webhook posts each event to an HTTP endpoint, as a CloudEvent in
// structured mode (CloudEvents 1.0, HTTP protocol binding and JSON format),
// signed with a shared secret.
//
// Any status 2xx means that the receiver has the event for good. 400, 410,
// 413 and 422 speak about the event, or say that the endpoint is there no
// more: another try would end the same way, and the event is given up. After
// every other answer, and after none, it is sent again; so a receiver gets
// each id, and an id again only if it did not answer that one with 2xx. A
// Retry-After is heeded. Redirects are not followed: a signed event goes to
// the address in the settings and to no other.
package webhook
