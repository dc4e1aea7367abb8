package account

import (
	"strconv"
	"sync"

	"github.com/vismatid/tid/tidtest/internal/query"
	"github.com/vismatid/tid/tidtest/internal/schema"
)

// listCache remembers the rows that the last few queries came to, so that reading page after page of a long list does not
// filter and sort it again for each of them.
type listCache struct {
	mu      sync.Mutex
	version uint64
	rows    map[string][]*schema.Record
}

const cachedLists = 8

// Choose returns the rows of a list in order, from the cache if nothing has changed.
func (a *Account) Choose(res *Resource, parent int64, l *query.Listing) ([]*schema.Record, error) {
	version := res.version
	for _, id := range res.depends {
		version += a.Resource(id).version
	}
	key := strconv.FormatInt(parent, 10) + "\x00" + l.Key
	cache := &res.cache
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if cache.rows == nil || cache.version != version || len(cache.rows) >= cachedLists {
		cache.version, cache.rows = version, map[string][]*schema.Record{}
	}
	if rows, ok := cache.rows[key]; ok && a.Pick == nil {
		return rows, nil
	}
	rows, err := a.compute(res, parent, l)
	if err == nil {
		cache.rows[key] = rows
	}
	return rows, err
}

// compute filters and sorts the rows of a list.
func (a *Account) compute(res *Resource, parent int64, l *query.Listing) ([]*schema.Record, error) {
	all := res.Children(parent)
	if res.Gather != nil {
		var err error
		if all, err = res.Gather(a, res, l); err != nil {
			return nil, err
		}
	}
	return l.Rows(all, a.DisplayName, a.Pick), nil
}
