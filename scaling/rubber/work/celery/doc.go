// Package celery knows Celery's workers by what they say themselves, and
// tells them what to do, over the broker that they take work from. Flower is
// not needed.
//
// Each worker sends a heartbeat every two seconds to the exchange celeryev,
// with how many tasks run and how many have begun, and, when told to (-E or
// worker_send_task_events), events of its tasks. Queues, concurrency and what
// is fetched and not begun are asked over celery.pidbox, to which every worker
// listens; the answers come to a queue of our own.
//
// Nobody authenticates there but the broker: whoever may write to these
// exchanges of the vhost can claim to be a worker. What is read is limited in
// size and number, and what cannot be understood is counted and left out.
//
// A worker that is started with --without-heartbeat is not seen, and one of
// the pool "solo" is silent while its task runs, as it does nothing else
// meanwhile: after three heartbeats it is taken for gone. Use another pool.
package celery
