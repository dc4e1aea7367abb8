package cli

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

// importAccount is a fake account with two users and a project, and what leads to it.
func importAccount(t *testing.T, opts ...tidtest.Option) (*tidtest.Server, map[string]string) {
	srv := tidtest.NewServer(t, append(opts, tidtest.WithRateLimit(0))...)
	for id, name := range []string{"Anna", "Bo"} {
		srv.Users.Put(tid.User{UserSummary: tid.UserSummary{ID: int64(id + 1), FirstName: name}})
	}
	srv.Projects.Put(tid.Project{ProjectSummary: tid.ProjectSummary{ID: 1, OrderNumber: "1001", Title: "Villa"}})
	return srv, map[string]string{"VISMATID_APP_ID": srv.AppID, "VISMATID_APP_SECRET": srv.AppSecret, "VISMATID_BASE_URL": srv.URL}
}

// importing runs the command as its program would.
func importing(t *testing.T, variables map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, told bytes.Buffer
	code = Run(t.Context(), append([]string{"time-reports", "import"}, args...), Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &told,
		Getenv: func(name string) string { return variables[name] }, ConfigDir: t.TempDir(), Options: []tid.Option{tid.WithLimiter(nil)}})
	return code, out.String(), told.String()
}

func hoursFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "hours.csv")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func TestAnImportIsADryRunUntilItIsToSend(t *testing.T) {
	srv, variables := importAccount(t)
	file := hoursFile(t, "User;Date;Project;Hours;Comment\nAnna;2026-10-01;1001;7,5;a\nBo;2026-10-01;1001;8;b\nAnna;2026-10-02;1001;6;c\n")
	posts := func() (n int) {
		for _, r := range srv.Requests() {
			if r.Operation == "POST /v1/Core/TimeReports" {
				n++
			}
		}
		return n
	}
	code, stdout, stderr := importing(t, variables, file)
	require.Zero(t, code, stderr)
	assert.Equal(t, "   User  Lines  Hours\n   Anna      2  13.50\n     Bo      1   8.00\n  Total      3  21.50\n"+
		file+": 3 lines are to create. Nothing was sent: --send creates them.\n", stdout)
	assert.Zero(t, posts())
	_, err := os.Stat(file + ".ledger")
	require.ErrorIs(t, err, os.ErrNotExist)

	code, stdout, stderr = importing(t, variables, file, "--send")
	require.Zero(t, code, stderr)
	assert.Equal(t, file+": 3 lines are created.\n", stdout)
	assert.Equal(t, 3, srv.TimeReports.Len())
	assert.Equal(t, 3, posts())

	code, stdout, stderr = importing(t, variables, file, "--send")
	require.Zero(t, code, stderr)
	assert.Equal(t, file+": 0 lines are created; 3 before.\n", stdout)
	assert.Equal(t, 3, posts())

	require.NoError(t, os.WriteFile(file, []byte("User;Date;Project;Hours;Comment\nBo;2026-10-01;1001;8;b\nBo;2026-10-02;1001;1;d\n"), 0o600))
	code, stdout, stderr = importing(t, variables, file)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, file+": 1 line is created already.\n"+file+": 1 line is to create.")
	assert.Contains(t, stderr, file+".ledger: created, and no longer in the file: then line 2: user 1 on 2026-10-01, 7.5 hours, time report ")
	assert.Contains(t, stderr, "then line 4: user 1 on 2026-10-02, 6 hours, time report ")
	text, err := os.ReadFile(file + ".ledger")
	require.NoError(t, err)
	for _, secret := range []string{srv.AppSecret, srv.AppID, srv.StaticToken, "Bearer"} {
		assert.NotContains(t, string(text), secret)
	}
}

func TestNothingIsSentBeforeEveryLineIsRight(t *testing.T) {
	srv, variables := importAccount(t)
	file := hoursFile(t, "userId,date,projectId,hours\n1,2026-10-01,1,7.5\n1,2026-10-32,1,7.5\n1,2026-10-01,1,7.5\n1,2026-10-03,,99\n")
	code, stdout, stderr := importing(t, variables, file, "--send")
	assert.Equal(t, Failed, code)
	assert.Empty(t, stdout)
	assert.Equal(t, file+": line 3: date: \"2026-10-32\" is no day such as 2026-10-31\n"+
		file+": line 4: it is the same as line 2; --allow-duplicates creates both\n"+
		file+": line 5: projectId: exactly one of projectId, internalProjectId and absenceProjectId must be set, not 0\n"+
		"Nothing was sent: 3 problems.\n", stderr)
	assert.Empty(t, srv.Requests())
	_, err := os.Stat(file + ".ledger")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestALineThatTheAPIRefusesIsToldAtTheEnd(t *testing.T) {
	srv, variables := importAccount(t)
	file := hoursFile(t, "userId,date,projectId,hours\n9,2026-10-01,1,7.5\n1,2026-10-01,1,7.5\n")
	code, stdout, stderr := importing(t, variables, file, "--send")
	assert.Equal(t, Failed, code)
	assert.Equal(t, file+": 1 line is created; 1 refused.\n", stdout)
	assert.Contains(t, stderr, file+": line 2: tid: POST /v1/Core/TimeReports: 400 Bad Request")
	assert.Equal(t, 1, srv.TimeReports.Len())
}

func TestAnImportThatStopsSaysWhere(t *testing.T) {
	srv, variables := importAccount(t)
	file := hoursFile(t, "userId,date,projectId,hours\n1,2026-10-01,1,1\n1,2026-10-01,1,2\n1,2026-10-01,1,3\n")
	srv.Inject(tidtest.Fault{Operation: "POST /v1/Core/TimeReports", Skip: 1, Effect: tidtest.Answer(403, "")})
	code, stdout, stderr := importing(t, variables, file, "--send")
	assert.Equal(t, NotAllowed, code)
	assert.Equal(t, file+": 1 line is created; 2 left: the same command goes on.\n", stdout)
	assert.Contains(t, stderr, "tid: stopped at line 3: tid: POST /v1/Core/TimeReports: 403 Forbidden")
	code, _, stderr = importing(t, variables, file, "--send")
	require.Zero(t, code, stderr)
	assert.Equal(t, 3, srv.TimeReports.Len())
}

func TestALedgerIsOfOneAccount(t *testing.T) {
	srv, variables := importAccount(t)
	file := hoursFile(t, "userId,date,projectId,hours\n1,2026-10-01,1,1\n")
	code, _, stderr := importing(t, variables, file, "--send")
	require.Zero(t, code, stderr)
	other := map[string]string{"VISMATID_TOKEN": srv.StaticToken, "VISMATID_BASE_URL": srv.URL + "/"}
	for _, args := range [][]string{{file}, {file, "--send"}} {
		code, _, stderr = importing(t, other, args...)
		assert.Equal(t, Failed, code)
		assert.Contains(t, stderr, "the ledger is of another account, or of other credentials, at "+srv.URL)
	}
	code, stdout, stderr := importing(t, other, file, "--send", "--same-account")
	require.Zero(t, code, stderr)
	assert.Equal(t, file+": 0 lines are created; 1 before.\n", stdout)
	code, _, stderr = importing(t, other, file, "--send")
	require.Zero(t, code, stderr)
	assert.Equal(t, 1, srv.TimeReports.Len())
}

func TestAnImportThatIsTypedWrongIsWrongUsage(t *testing.T) {
	srv, variables := importAccount(t)
	for _, args := range [][]string{{}, {"a.csv", "b.csv"}, {filepath.Join(t.TempDir(), "none.csv")}, {"a.csv", "--unsure", "perhaps"}, {"a.csv", "--settle", "-1s"}} {
		code, _, stderr := importing(t, variables, args...)
		assert.Equal(t, Wrong, code, "%v: %s", args, stderr)
	}
	assert.Empty(t, srv.Requests())
}

// The program itself, killed as a machine kills it.
func TestAProgramThatIsKilledGoesOnWhereItWas(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("it builds the program and kills it")
	}
	program := filepath.Join(t.TempDir(), "tid")
	build := exec.Command("go", "build", "-o", program, "../..")
	told, err := build.CombinedOutput()
	require.NoError(t, err, "%s", told)

	rng := rand.New(rand.NewPCG(1, 1))
	const lines, most = 12, 400
	srv, variables := importAccount(t, tidtest.WithLatency(tidtest.Latency{RoundTrip: 2 * time.Millisecond, Uniform: 4 * time.Millisecond}))
	var content strings.Builder
	fmt.Fprintln(&content, "userId,date,projectId,hours")
	for n := range lines {
		fmt.Fprintf(&content, "%d,2026-10-%02d,1,%d\n", 1+n%2, 1+n%3, 1) // each of six lines twice
	}
	file := hoursFile(t, content.String())
	before := srv.TimeReports.Put(tid.TimeReport{User: &tid.Ref{ID: 1}, Date: tid.NewDate(2026, 10, 1), Project: &tid.NumberRef{ID: 1}, Hours: tid.MustDecimal("1")})
	env := []string{"TID_CONFIG_DIR=" + t.TempDir()}
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	kills := 0
	for run := 0; ; run++ {
		require.Less(t, run, most, "it does not come to an end")
		cmd := exec.Command(program, "time-reports", "import", file, "--send", "--allow-duplicates", "--settle", "50ms")
		cmd.Env = env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Start())
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		kill := time.NewTimer(time.Duration(10+rng.IntN(400+10*run)) * time.Millisecond)
		select {
		case err := <-done:
			kill.Stop()
			require.NoError(t, err, stderr.String())
		case <-kill.C:
			_ = cmd.Process.Kill() // it may have ended by itself
			if err := <-done; err != nil {
				require.Equal(t, -1, cmd.ProcessState.ExitCode(), stderr.String())
				kills++
				continue
			}
		}
		break
	}
	t.Logf("%d kills", kills)
	assert.NotZero(t, kills)
	count := map[string]int{}
	for _, r := range srv.TimeReports.All() {
		if r.ID != before {
			count[fmt.Sprint(r.User.ID, r.Date, r.Hours)]++
		}
	}
	assert.Len(t, count, 6)
	for what, n := range count {
		assert.Equal(t, 2, n, what)
	}
}
