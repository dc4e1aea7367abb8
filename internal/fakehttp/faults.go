package fakehttp

import (
	"slices"
	"strings"
	"sync"
)

// A Fault says which requests go wrong. What becomes of them is its Effect, and a matter of the fake server.
type Fault[E any] struct {
	// Operation is the operation that goes wrong, such as "GET /v1/Core/Contacts/{id}"; a method alone is every operation of
	// that method; empty is every operation.
	Operation string
	// Skip lets the first matching requests pass.
	Skip int
	// Times is how many requests go wrong; 0 is one of them, or with Share every one that the share takes.
	Times int
	// Share, between 0 and 1, takes that part of the matching requests, at random; 0 takes each of them.
	Share float64
	// Effect is what goes wrong.
	Effect E
}

// An Injection is a fault at work in a server.
type Injection[E any] struct {
	fault Fault[E]
	in    *Faults[E]
	seen  int
	hits  int
}

// Faults are those at work in a server, the oldest first. The first one that takes a request decides about it. They are safe
// for concurrent use.
type Faults[E any] struct {
	// Random returns a number from 0 up to 1, for faults that have a Share.
	Random func() float64

	mu     sync.Mutex
	active []*Injection[E]
}

// Inject makes requests go wrong from now on.
func (fs *Faults[E]) Inject(f Fault[E]) *Injection[E] {
	if f.Times == 0 && f.Share == 0 {
		f.Times = 1
	}
	i := &Injection[E]{fault: f, in: fs}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.active = append(fs.active, i)
	return i
}

// Clear ends all faults.
func (fs *Faults[E]) Clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.active = nil
}

// Take returns the effect of the fault that takes a request for an operation (empty for an unknown path), and the zero value
// if none does. Only faults whose effect the function accepts are asked.
func (fs *Faults[E]) Take(operation string, accept func(E) bool) (effect E) {
	method, _, _ := strings.Cut(operation, " ")
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, i := range fs.active {
		f := i.fault
		switch {
		case !accept(f.Effect),
			f.Operation != "" && f.Operation != operation && f.Operation != method,
			f.Times > 0 && i.hits >= f.Times:
			continue
		}
		if i.seen++; i.seen <= f.Skip || f.Share > 0 && fs.Random() >= f.Share {
			continue
		}
		i.hits++
		return f.Effect
	}
	return effect
}

// Hits is how many requests the fault has made go wrong.
func (i *Injection[E]) Hits() int {
	i.in.mu.Lock()
	defer i.in.mu.Unlock()
	return i.hits
}

// Remove ends the fault.
func (i *Injection[E]) Remove() {
	i.in.mu.Lock()
	defer i.in.mu.Unlock()
	i.in.active = slices.DeleteFunc(i.in.active, func(other *Injection[E]) bool { return other == i })
}
