// Package faults holds a randomised test and nothing else. It drives a
// [github.com/vismatid/tid.Client] against [github.com/vismatid/tid/tidtest] with
// random programs of reads, writes and walks in several goroutines, while the
// server and the network fail at random, connections take their time or die
// between two requests, others add, remove and rename what is in the list, and
// updates are not applied as they were sent or answered in full. It
// checks afterwards, in the server's store and log, that nothing was lost, doubled,
// leaked or misreported, and that the rate limit was kept.
//
//	go test -race .                            # 500 schedules
//	FAULTS_SCHEDULES=10000 go test -race .     # as many as CI runs
//
// A failure is shrunk to a small schedule and printed with its seed:
//
//	go test -race . -rapid.seed=17289637641
//
// runs that schedule again first. Everything happens in virtual time, so that the
// seed settles the program, the network and the faults; what it does not settle
// is the jitter of the client's own backoff, and which of several
// goroutines comes first in one and the same instant.
package faults
