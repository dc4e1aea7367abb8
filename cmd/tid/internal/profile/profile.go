// Package profile keeps what leads to an account: names, addresses and corrected paths in a file, the secret in the
// system's keyring, or in a file of its own where there is none.
package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/zalando/go-keyring"
	"go.yaml.in/yaml/v3"
)

// Default is the name of the profile that is used when none is named.
const Default = "default"

// A Profile leads to one account.
type Profile struct {
	BaseURL string `yaml:"base_url,omitempty"`
	AppID   string `yaml:"app_id,omitempty"` // empty for a static token
	// Paths has the paths that the account's API has in the place of those that operations are taken to have, by operation.
	Paths map[string]string `yaml:"paths,omitempty"`
	// TestAccount allows doctor --writes.
	TestAccount bool `yaml:"test_account,omitempty"`
	// InFile says that the secret is in a file, since there was no keyring.
	InFile bool `yaml:"secret_in_file,omitempty"`
}

// A Store keeps profiles in a directory. The zero value of Keyring is the system's.
type Store struct {
	Dir     string
	Keyring Keyring
	Timeout time.Duration // how long to wait for the keyring
}

// Keyring is where secrets are kept.
type Keyring interface {
	Set(service, user, secret string) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

// service is the name of the secrets in the keyring.
const service = "tid"

// ErrNone is about a profile that is not there.
var ErrNone = errors.New("no such profile")

var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckName refuses names that would not do in a file or a keyring.
func CheckName(name string) error {
	if !names.MatchString(name) {
		return fmt.Errorf("a profile's name has letters, digits, dots and dashes, not %q", name)
	}
	return nil
}

func (s *Store) file() string    { return filepath.Join(s.Dir, "profiles.yaml") }
func (s *Store) secrets() string { return filepath.Join(s.Dir, "secrets.yaml") }

// All returns the profiles by name.
func (s *Store) All() (map[string]Profile, error) {
	all := map[string]Profile{}
	return all, read(s.file(), all)
}

// Names are the names of all profiles, in order.
func (s *Store) Names() ([]string, error) {
	all, err := s.All()
	return slices.Sorted(maps.Keys(all)), err
}

// Get returns a profile and its secret: that of the application, or a static token.
func (s *Store) Get(name string) (Profile, string, error) {
	all, err := s.All()
	if err != nil {
		return Profile{}, "", err
	}
	p, ok := all[name]
	if !ok {
		return Profile{}, "", fmt.Errorf("%w as %q: tid login --profile %s makes it", ErrNone, name, name)
	}
	if p.InFile {
		kept := map[string]string{}
		if err := read(s.secrets(), kept); err != nil {
			return p, "", err
		}
		if kept[name] == "" {
			return p, "", fmt.Errorf("the secret of profile %s is gone: tid login --profile %s", name, name)
		}
		return p, kept[name], nil
	}
	var secret string
	err = s.ask(func(k Keyring) (err error) { secret, err = k.Get(service, name); return err })
	if err != nil {
		return p, "", fmt.Errorf("the keyring does not give the secret of profile %s: %w", name, err)
	}
	return p, secret, nil
}

// Put keeps a profile and its secret. It reports whether the secret went into a file, because no keyring answered.
func (s *Store) Put(name string, p Profile, secret string) (inFile bool, err error) {
	if err := CheckName(name); err != nil {
		return false, err
	}
	p.InFile = s.ask(func(k Keyring) error { return k.Set(service, name, secret) }) != nil
	kept := map[string]string{}
	if err := read(s.secrets(), kept); err != nil {
		return false, err
	}
	if _, before := kept[name]; before || p.InFile {
		delete(kept, name)
		if p.InFile {
			kept[name] = secret
		}
		if err := s.write(s.secrets(), kept); err != nil {
			return false, err
		}
	}
	return p.InFile, s.Change(name, p)
}

// Change keeps a profile without touching its secret.
func (s *Store) Change(name string, p Profile) error {
	all, err := s.All()
	if err != nil {
		return err
	}
	all[name] = p
	return s.write(s.file(), all)
}

// Delete forgets a profile and its secret.
func (s *Store) Delete(name string) error {
	all, err := s.All()
	if err != nil {
		return err
	}
	p, ok := all[name]
	if !ok {
		return fmt.Errorf("%w as %q", ErrNone, name)
	}
	if p.InFile {
		kept := map[string]string{}
		if err := read(s.secrets(), kept); err != nil {
			return err
		}
		delete(kept, name)
		if err := s.write(s.secrets(), kept); err != nil {
			return err
		}
	} else if err := s.ask(func(k Keyring) error { return k.Delete(service, name) }); err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return fmt.Errorf("the keyring keeps the secret of profile %s: %w", name, err)
	}
	delete(all, name)
	return s.write(s.file(), all)
}

// ask does something with the keyring, and gives up on one that does not answer: without a desktop there may be nothing to
// unlock it.
func (s *Store) ask(do func(Keyring) error) error {
	k := s.Keyring
	if k == nil {
		k = system{}
	}
	done := make(chan error, 1)
	go func() { done <- do(k) }()
	timer := time.NewTimer(s.Timeout)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("no answer in %s", s.Timeout)
	}
}

// system is the keyring of the system.
type system struct{}

func (system) Set(service, user, secret string) error   { return keyring.Set(service, user, secret) }
func (system) Get(service, user string) (string, error) { return keyring.Get(service, user) }
func (system) Delete(service, user string) error        { return keyring.Delete(service, user) }

// read fills a map from a file; one that is not there is empty.
func read[V any](file string, into map[string]V) error {
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := yaml.Unmarshal(text, &into); err != nil {
		return fmt.Errorf("%s cannot be read as YAML; mend or remove it", file) // the cause would quote it
	}
	return nil
}

// write puts a file in its place, whole and for its owner alone.
func (s *Store) write(file string, v any) error {
	text, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(s.Dir, ".part-*") // for the owner alone
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if _, err = part.Write(text); err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), file)
}
