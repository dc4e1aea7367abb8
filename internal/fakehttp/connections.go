package fakehttp

import (
	"net"
	"slices"
	"sync"
	"time"
)

// conn is a connection to a server in memory. It carries one exchange at a time.
type conn struct {
	end    net.Conn // shown to httptrace
	reused bool
	idleAt time.Time
}

func newConn() *conn {
	end, _ := net.Pipe()
	return &conn{end: end}
}

// pool holds the idle connections, and the requests waiting for one, as http.Transport does: a request without an idle
// connection dials, and takes what comes first, its own connection or one that another request no longer needs. A connection
// whose request has gone is kept for the next one.
type pool struct {
	mu      sync.Mutex
	idle    []*conn // the latest used one last
	waiting []chan *conn
}

// take returns an idle connection, or where to wait for one.
func (p *pool) take() (*conn, chan *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return c, nil
	}
	w := make(chan *conn, 1)
	p.waiting = append(p.waiting, w)
	return nil, w
}

// dialled hands a new connection to the request that has dialled it, if it still waits.
func (p *pool) dialled(w chan *conn, c *conn) {
	if p.leave(w) {
		w <- c
		return
	}
	p.put(c)
}

// giveUp ends the wait for a connection.
func (p *pool) giveUp(w chan *conn) {
	if !p.leave(w) {
		p.put(<-w)
	}
}

func (p *pool) leave(w chan *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, w)
	if i < 0 {
		return false
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	return true
}

// put hands a connection to the request that has waited longest, or keeps it.
func (p *pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.reused, c.idleAt = true, time.Time{}
	if len(p.waiting) > 0 {
		p.waiting[0] <- c
		p.waiting = p.waiting[1:]
		return
	}
	c.idleAt = time.Now()
	p.idle = append(p.idle, c)
}

func (p *pool) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = nil
}
