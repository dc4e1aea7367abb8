package cli

import "golang.org/x/sys/windows"

// ansi makes a console understand escape sequences, and reports whether it does.
func ansi(fd int) bool {
	var mode uint32
	console := windows.Handle(fd)
	return windows.GetConsoleMode(console, &mode) == nil && windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
