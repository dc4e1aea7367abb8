package tidtest

import (
	"time"

	"github.com/vismatid/tid/tidtest/internal/account"
)

// openAccount makes an account that has all resources, without any object.
func openAccount(now func() time.Time) *account.Account {
	st := account.New(now)
	st.Describe(hiddenResources(st), adminResources(), coreResources(st), derivedResources())
	return st
}
