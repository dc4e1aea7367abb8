package fakehttp

import "syscall"

// What the system says of a connection that is refused, or reset.
const (
	refusedErrno = syscall.ErrorString("connection refused")
	resetErrno   = syscall.ErrorString("connection reset")
)
