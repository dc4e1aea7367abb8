package tidtest

import "time"

// openAccount makes an account that has all resources, without any object.
func openAccount(now func() time.Time) *state {
	st := newState(now)
	st.describe(hiddenResources(st), adminResources(), coreResources(st), derivedResources())
	return st
}
