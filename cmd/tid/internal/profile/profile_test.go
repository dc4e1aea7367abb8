package profile_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid/cmd/tid/internal/profile"
)

// memory is a keyring; broken makes it fail, and silent never answer.
type memory struct {
	kept   map[string]string
	broken bool
	silent bool
}

func (m *memory) do(f func()) error {
	if m.silent {
		select {}
	}
	if m.broken {
		return errors.New("no keyring")
	}
	f()
	return nil
}

func (m *memory) Set(_, user, secret string) error {
	return m.do(func() { m.kept[user] = secret })
}
func (m *memory) Get(_, user string) (s string, err error) {
	err = m.do(func() { s = m.kept[user] })
	return s, err
}
func (m *memory) Delete(_, user string) error { return m.do(func() { delete(m.kept, user) }) }

func TestASecretGoesIntoTheKeyring(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "config")
	ring := &memory{kept: map[string]string{}}
	s := &profile.Store{Dir: dir, Keyring: ring, Timeout: time.Second}
	inFile, err := s.Put("acme", profile.Profile{AppID: "ap_1", BaseURL: "https://a.example"}, "secret-1")
	require.NoError(t, err)
	assert.False(t, inFile)

	p, secret, err := s.Get("acme")
	require.NoError(t, err)
	assert.Equal(t, "secret-1", secret)
	assert.Equal(t, "ap_1", p.AppID)

	text, err := os.ReadFile(filepath.Join(dir, "profiles.yaml"))
	require.NoError(t, err)
	assert.NotContains(t, string(text), "secret-1")
	assert.NoFileExists(t, filepath.Join(dir, "secrets.yaml"))

	require.NoError(t, s.Delete("acme"))
	assert.Empty(t, ring.kept)
	_, _, err = s.Get("acme")
	assert.ErrorIs(t, err, profile.ErrNone)
}

func TestWithoutAKeyringASecretGoesIntoAFileOfItsOwner(t *testing.T) {
	for name, ring := range map[string]*memory{"that fails": {broken: true}, "that never answers": {silent: true}} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "config")
			s := &profile.Store{Dir: dir, Keyring: ring, Timeout: time.Millisecond}
			inFile, err := s.Put("acme", profile.Profile{AppID: "ap_1"}, "secret-1")
			require.NoError(t, err)
			assert.True(t, inFile, "the caller can say so")

			_, secret, err := s.Get("acme")
			require.NoError(t, err)
			assert.Equal(t, "secret-1", secret)
			if runtime.GOOS != "windows" {
				info, err := os.Stat(filepath.Join(dir, "secrets.yaml"))
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			}
			require.NoError(t, s.Delete("acme"))
			text, err := os.ReadFile(filepath.Join(dir, "secrets.yaml"))
			require.NoError(t, err)
			assert.NotContains(t, string(text), "secret-1")
		})
	}
}

func TestAKeyringThatComesLaterTakesTheSecretOutOfTheFile(t *testing.T) {
	dir := t.TempDir()
	ring := &memory{kept: map[string]string{}, broken: true}
	s := &profile.Store{Dir: dir, Keyring: ring, Timeout: time.Second}
	_, err := s.Put("acme", profile.Profile{}, "secret-1")
	require.NoError(t, err)
	ring.broken = false
	_, err = s.Put("acme", profile.Profile{}, "secret-2")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(dir, "secrets.yaml"))
	require.NoError(t, err)
	assert.NotContains(t, string(text), "secret-")
}

func TestAFileThatCannotBeReadIsNotQuoted(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secrets.yaml"), []byte("acme: [secret-1"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "profiles.yaml"), []byte("acme: {secret_in_file: true}"), 0o600))
	_, _, err := (&profile.Store{Dir: dir, Timeout: time.Second}).Get("acme")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret-1")
	assert.Contains(t, err.Error(), "secrets.yaml")
}

func TestNamesThatWouldNotDoAreRefused(t *testing.T) {
	for _, name := range []string{"", "a b", "../x", "å", "-x"} {
		assert.Error(t, profile.CheckName(name), name)
	}
	assert.NoError(t, profile.CheckName("acme-test.2"))
}
