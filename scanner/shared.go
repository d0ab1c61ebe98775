package scanner

import (
	"context"
	"strings"
	"sync"

	"nhiscan/inventory"
)

// sharedAnswer is an answer that visits of several homes use.
type sharedAnswer struct {
	once  sync.Once
	value any
	err   error
}

// shared is once for the whole run: the first visit that needs the answer asks, visits of other homes wait for it.
func shared[T any](v *Visit, key string, f func() (T, error)) (T, error) {
	v.run.mu.Lock()
	a := v.run.shared[key]
	if a == nil {
		a = &sharedAnswer{}
		v.run.shared[key] = a
	}
	v.run.mu.Unlock()
	a.once.Do(func() { a.value, a.err = f() })
	value, _ := a.value.(T)
	return value, a.err
}

// group returns the group's own answer, which tells more than the listing: invited groups and the registration token.
func (v *Visit) group(ctx context.Context) (*groupJSON, error) {
	return once(v, "group", func() (*groupJSON, error) {
		g, err := one[groupJSON](ctx, v, "%s?with_projects=false", v.Path())
		if err != nil {
			return nil, err
		}
		return &g, nil
	})
}

// inScope reports whether this scan visits the home.
func (v *Visit) inScope(homeID string) bool {
	v.run.mu.Lock()
	defer v.run.mu.Unlock()
	_, ok := v.run.units[homeID]
	return ok
}

// topGroups lists the groups of this scan that have no parent, sorted by path. It is asked after the listings.
func (v *Visit) topGroups() []inventory.Home {
	groups, _ := shared(v, "top groups", func() ([]inventory.Home, error) {
		var top []inventory.Home
		for _, u := range v.run.ordered() {
			if u.home.Kind == inventory.GroupHome && u.home.Path != "" && !strings.Contains(u.home.Path, "/") {
				top = append(top, u.home)
			}
		}
		return top, nil
	})
	return groups
}

// topGroup returns the top-level group that this home lies in, as far as the scan visits it.
func (v *Visit) topGroup() (inventory.Home, bool) {
	first, _, _ := strings.Cut(v.Home.Path, "/")
	for _, g := range v.topGroups() {
		if g.Path == first {
			return g, true
		}
	}
	return inventory.Home{}, false
}

// topLevel reports whether the home is a group without a parent.
func (v *Visit) topLevel() bool {
	return v.Home.Kind == inventory.GroupHome && !strings.Contains(v.Home.Path, "/")
}
