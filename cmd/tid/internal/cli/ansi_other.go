//go:build !windows

package cli

// ansi reports whether a terminal understands escape sequences.
func ansi(int) bool { return true }
