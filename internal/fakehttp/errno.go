//go:build !plan9

package fakehttp

import "syscall"

// What the system says of a connection that is refused, or reset.
const (
	refusedErrno = syscall.ECONNREFUSED
	resetErrno   = syscall.ECONNRESET
)
