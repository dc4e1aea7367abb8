// Package replay holds tests and nothing else. It puts a [github.com/vismatid/tid.Client]
// in front of servers of its own, which speak HTTP/1.1 and HTTP/2 frame by frame
// and break off at every point that the protocols know, and counts what reaches
// them: whatever happens, every transmission is an attempt of the client's, and
// a write is carried out once.
//
//	go test -race ./replay                           # the tables, and 300 random schedules
//	FAULTS_SCHEDULES=10000 go test -race ./replay    # as many as CI runs
//
// The random schedules run in virtual time on connections in memory, the tables
// on those and on sockets.
package replay
