// Package engine keeps what the scaling parts have to remember and lets them
// hear each other: durable streams and keys in NATS JetStream.
//
// Without further settings the server is embedded. One process of a machine
// owns it: the one that holds the lock file in the engine's folder. It opens
// the store there, listens on the loopback address and demands the token that
// lies beside the store. The others connect to it with that token. When the
// owner goes, however it goes, the next process takes the lock, opens the same
// store and listens, and all the others connect again by themselves. Nobody
// who uses an [Engine] has to know which process it is.
//
// With URLs the server is a cluster that somebody else runs.
//
// In both cases the engine makes the streams that agents publish alarms to,
// and there are buckets of keys ([Engine.Bucket]) and leases on them
// ([Bucket.Acquire]) by which one of several instances acts. The writes of
// keys are tried again until it is known what became of them, also while the
// owner changes.
package engine
