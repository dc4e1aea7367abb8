package tidtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/vismatid/tid"
	"github.com/vismatid/tid/tidtest"
)

func TestRowsWithEqualSortKeysChangePlacesOnDemand(t *testing.T) {
	orders := func(opts ...tidtest.Option) int {
		srv := tidtest.NewServer(t, append(opts, tidtest.InMemory(), tidtest.WithRateLimit(0))...)
		for i := range 20 {
			srv.Contacts.Put(tid.Contact{ContactSummary: tid.ContactSummary{Name: []string{"Berg", "Dal"}[i/10], ContactType: tid.ContactCompany}})
		}
		c := srv.Client(tid.WithLimiter(nil))
		met := map[string]bool{}
		for range 20 {
			page, err := c.Contacts.List(t.Context(), &tid.ContactListOptions{SortBy: tid.ContactsByName})
			require.NoError(t, err)
			order := ""
			for i, contact := range page.Items {
				assert.Equal(t, []string{"Berg", "Dal"}[i/10], contact.Name, "those with other keys stay where they are")
				order += string(rune('a' + contact.ID))
			}
			met[order] = true
		}
		return len(met)
	}
	assert.Equal(t, 1, orders())
	assert.Greater(t, orders(tidtest.WithShuffledTies()), 15)
}
