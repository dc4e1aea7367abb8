// Package tidredis gives many processes one allowance and one access token of Visma Tid,
// which they share through Redis (or Valkey; one node, Sentinel or Cluster).
//
//	client, err := tid.NewClient(
//		tidredis.Credentials(rdb, id, secret),
//		tid.WithLimiter(tidredis.Limiter(rdb, id)))
//
// The API counts four requests a second for each access token. [Limiter] is the gate of
// [tid.NewLimiter] for all processes that name the same application id, by the clock of
// Redis. [Credentials] exchange the secret once for all of them. [Static] is the limiter for
// a static token.
//
// # How permits are given
//
// There are four slots. A slot is free again one second and a margin after its request was
// sent, or one second after the answer if that is earlier; the margin grows on a 429, which
// pauses all processes, and shrinks on a success. Processes that wait stand in a queue, each
// at one place however many calls wait in it, so that a busy process does not keep the others
// waiting; token exchanges go first. A permit is one round trip to Redis while nobody waits.
//
// A permit that is not used within half a second ends, and a process that stood still
// meanwhile waits for another one instead of sending late. A process that dies with a permit
// keeps its slot taken for half a second, the second and the margin. A new gate, one whose
// keys were lost, and one that is found on another Redis server than before gives nothing for
// a second and a half, since four requests may have been sent just before; so it is when the
// clock of Redis has gone back. If that clock goes forward by a second or more, up to four
// requests more than allowed can be sent once.
//
// Which server it is, the gate knows from the command INFO. A Redis user that may not use it
// (it is one of "@dangerous") needs "+info": without it a server that has an older state is not
// noticed.
//
// # What is kept in Redis
//
// Keys begin with "tid:{" and a hash of the application id, and expire after a day; the
// token's when it ends. The token is encrypted with AES-GCM under a key derived from the
// secret: reading Redis shows no token. Processes are named by host name and process id, or
// as [Name] says.
//
// # When Redis is away
//
// See [FailClosed] and [Share].
package tidredis
