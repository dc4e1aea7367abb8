//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package importer

import (
	"errors"
	"os"
	"syscall"
)

// openLocked opens the file of a ledger, for its owner alone. Its lock ends with the process, however that ends.
func openLocked(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrBusy
		}
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
