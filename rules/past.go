package rules

import (
	"strings"

	"nhiscan/inventory"
)

// past is what the rules that compare scans look up in a History.
type past struct {
	scan      int64                      // number of the scan that is judged
	earlier   bool                       // there was a scan before it
	fresh     map[string]bool            // IDs of locations that this scan saw for the first time; nil on a first scan
	lastUse   map[string]inventory.Event // by credential ID: the latest removal of a job's use
	gone      []inventory.Event          // uses that this scan no longer saw
	firstRead []string                   // IDs of the homes of jobs whose script this scan was the first to read to its end
}

// readField is the field of a job that says how far its script was read.
const readField = "attributes.read"

func newPast(h History, scan int64) *past {
	p := &past{scan: scan, earlier: h.Earlier, lastUse: map[string]inventory.Event{}}
	for _, e := range h.Events {
		p.earlier = p.earlier || e.Scan < scan
	}
	if !p.earlier {
		return p
	}
	p.fresh = map[string]bool{}
	for _, e := range h.Events {
		if e.Scan <= scan { // an old scan may be judged again
			p.add(e)
		}
	}
	return p
}

func (p *past) add(e inventory.Event) {
	current := e.Scan == p.scan
	switch {
	case e.Row == inventory.UsageRow && e.Kind == inventory.Removed:
		if current {
			p.gone = append(p.gone, e)
		}
		if last, known := p.lastUse[e.From]; e.From != "" && (!known || last.At.Compare(e.At) < 0) {
			p.lastUse[e.From] = e
		}
	case e.Row == inventory.IdentityRow && current && e.Field == readField && e.To == readWhole:
		p.firstRead = append(p.firstRead, e.Home)
	case e.Row == inventory.LocationRow && current:
		switch e.Kind {
		case inventory.Discovered, inventory.Exposed, inventory.Reappeared:
			p.fresh[e.Subject] = true
		}
	}
}

// usedBefore reports whether a job used a variable in the scan before, and no longer does.
func (p *Pass) usedBefore(l inventory.Location) bool {
	for _, e := range p.past.gone {
		id := e.Subject
		if id[strings.LastIndexByte(id, '/')+1:] == l.Key && p.within(e.Home, l.Home) {
			return true
		}
	}
	return false
}

// readBefore reports whether the scan before had read the scripts of all jobs below a home that this one read.
func (p *Pass) readBefore(home string) bool {
	for _, h := range p.past.firstRead {
		if p.within(h, home) {
			return false
		}
	}
	return true
}
