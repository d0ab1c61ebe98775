package store

import "nhiscan/inventory"

// visitList is what a recorder remembers of visits. A large instance has hundreds of thousands, from a hundred sources, and
// few of them say different things.
type visitList struct {
	byHome   map[string][]visitState
	sources  []string
	sourceAt map[string]int32
	said     []inventory.Coverage // without the visits
	saidAt   map[inventory.Coverage]int32
}

type visitState struct {
	number int64 // 0 is none yet
	source int32 // where it stands in sources
	said   int32 // where in said that stands which the visit said in this scan; -1 is nothing yet
}

func newVisitList() *visitList {
	return &visitList{byHome: map[string][]visitState{}, sourceAt: map[string]int32{}, saidAt: map[inventory.Coverage]int32{}}
}

// find returns what is remembered of a visit, valid until another is added; nil when nothing is.
func (l *visitList) find(v inventory.Visit) *visitState {
	source, known := l.sourceAt[v.Source]
	if !known {
		return nil
	}
	states := l.byHome[v.Home]
	for i := range states {
		if states[i].source == source {
			return &states[i]
		}
	}
	return nil
}

// add is find that adds what it does not find.
func (l *visitList) add(v inventory.Visit) *visitState {
	if s := l.find(v); s != nil {
		return s
	}
	states := append(l.byHome[v.Home], visitState{source: position(l.sourceAt, &l.sources, []byte(v.Source)), said: -1})
	l.byHome[v.Home] = states
	return &states[len(states)-1]
}

// number returns the number of a visit; 0 when it has none.
func (l *visitList) number(v inventory.Visit) int64 {
	if s := l.find(v); s != nil {
		return s.number
	}
	return 0
}

// coverage returns what a visit said in this scan.
func (l *visitList) coverage(v inventory.Visit) (c inventory.Coverage, ok bool) {
	s := l.find(v)
	if s == nil || s.said < 0 {
		return c, false
	}
	c = l.said[s.said]
	c.Visit = v
	return c, true
}

// keep remembers what a visit said.
func (l *visitList) keep(c inventory.Coverage) *visitState {
	s := l.add(c.Visit)
	c.Visit = inventory.Visit{}
	n, known := l.saidAt[c]
	if !known {
		n = int32(len(l.said))
		l.saidAt[c], l.said = n, append(l.said, c)
	}
	s.said = n
	return s
}
