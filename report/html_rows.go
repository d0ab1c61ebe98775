package report

import (
	"nhiscan/inventory"
)

// htmlRow is an inventory row in words.
type htmlRow struct {
	Page, Name, Kind, Home, Owner, Scope string
	Created, Expires, Used, State, Worst string
	ExpiresIn, UsedAgo                   string
	Places, Gaps                         int
	Jobs                                 int
}

// plainRows is how many rows the page shows without its script; with it, the script has them all.
const plainRows = 300

// plainPages is how many identities the page shows without its script.
const plainPages = 200

func (v *view) htmlRow(r row) htmlRow {
	h := htmlRow{
		Page: r.Page, Name: clean(r.Name, nameMax), Kind: orUnknown(kindWords(r.Kind)), Owner: ownerText(r.Owner), Scope: rowScope(r),
		Created: date(r.Created), Expires: date(r.Expires), Used: date(r.Used), State: orUnknown(clean(r.State, 40)),
		ExpiresIn: distance(r.Expires, v.now), UsedAgo: distance(r.Used, v.now), Places: r.Places, Home: rowHome(v, r),
		Jobs: len(v.x.UsagesOf(r.ID)),
	}
	if h.Name == "" {
		h.Name = clean(r.ID, nameMax)
	}
	return h
}

// rowHome is the path of a row's home; a person's is the instance.
func rowHome(v *view, r row) string {
	if r.Home != "" {
		return clean(v.homePath(r.Home), nameMax)
	}
	if r.Identity != nil && r.Identity.Home != "" {
		return clean(v.homePath(r.Identity.Home), nameMax)
	}
	if r.Identity != nil && r.Identity.Kind == "user" {
		return "the instance"
	}
	return "unknown"
}

func rowScope(r row) string {
	s := r.Scope
	if level := levelName(r.Level); level != "" {
		if s != "" {
			s += ", "
		}
		s += level
	}
	return orUnknown(clean(s, nameMax))
}

func (v *view) plainRows(rows []listedRow) []htmlRow {
	var out []htmlRow
	for _, r := range rows[:min(len(rows), plainRows)] {
		h := v.htmlRow(v.row(r.id))
		h.Gaps, h.Worst = r.gaps, r.worst.String()
		out = append(out, h)
	}
	return out
}

// htmlDetail is one identity as blocks of text, the same for the page without script and for its data.
type htmlDetail struct {
	ID     string
	Title  string
	Facts  []fact
	Blocks []htmlBlock
}

// htmlBlock is one table of a detail. Kind says which header it has.
type htmlBlock struct {
	Kind int
	Note string
	Rows [][]string
}

// The blocks of a detail, in their order.
const (
	blockGaps = iota
	blockCredentials
	blockPlaces
	blockUses
	blockReach
	blockOwner
	blockTimeline
)

type blockKind struct {
	Title string   `json:"title"`
	Head  []string `json:"head"`

	NoteFirst bool `json:"noteFirst"` // its note is the answer, its rows the reasons
}

var blockKinds = []blockKind{
	{Title: "Gaps", Head: []string{"Severity", "Gap", "Rule", "Evidence", "Open since", "Fix"}},
	{Title: "Credentials", Head: []string{"Name", "Kind", "State", "May", "Created", "Expires", "Last used", "Fingerprint", "ID"}},
	{Title: "Places that hold it", Head: []string{"Surface", "Where", "Place", "Protection"}},
	{Title: "Jobs that use it", Head: []string{"Job", "Project", "Reaches", "Does", "Would do"}},
	{Title: "What it reaches", Head: reachHead},
	{Title: "Owner", Head: []string{"Weight", "Who", "Because"}, NoteFirst: true},
	{Title: "Timeline", Head: []string{"When", "What", "Of"}},
}

// Title, Head and NoteFirst serve the templates.
func (b htmlBlock) Title() string   { return blockKinds[b.Kind].Title }
func (b htmlBlock) Head() []string  { return blockKinds[b.Kind].Head }
func (b htmlBlock) NoteFirst() bool { return blockKinds[b.Kind].NoteFirst }

// blockRows is how many rows a block shows; a shared runner has thousands of uses.
const blockRows = 50

func (v *view) htmlDetail(d *detail) htmlDetail {
	h := htmlDetail{ID: d.ID, Title: clean(d.Title, nameMax), Facts: v.facts(d)}
	block := func(kind int, none string, n int, cells func(i int) []string) {
		b := htmlBlock{Kind: kind}
		if n == 0 {
			b.Note = none
		}
		for i := range min(n, blockRows) {
			b.Rows = append(b.Rows, cells(i))
		}
		if n > blockRows {
			b.Note = "and " + number(n-blockRows) + " more; the CSV and JSON reports list them all"
		}
		if n > 0 || none != "" {
			h.Blocks = append(h.Blocks, b)
		}
	}
	block(blockGaps, "0 gaps, as far as this scan could see.", len(d.Gaps), func(i int) []string { return v.gapCells(d.Gaps[i]) })
	block(blockCredentials, "", len(d.Credentials), func(i int) []string { return v.credentialCells(d.Credentials[i]) })
	block(blockPlaces, "None seen. Where the value cannot be read, no place can be linked.", len(d.Places), func(i int) []string {
		l := d.Places[i]
		return []string{l.Surface, clean(v.homePath(l.Home), nameMax), place(l), protection(l)}
	})
	if d.workload() {
		block(blockReach, "No use seen.", len(d.Uses), func(i int) []string { return reachCells(d.Uses[i]) })
	} else {
		block(blockUses, "None seen. No use seen is not unused.", len(d.Uses), func(i int) []string {
			u := d.Uses[i]
			return []string{clean(u.Job, nameMax), clean(v.homePath(u.Home), nameMax), orUnknown(clean(u.System, 60)), orUnknown(clean(u.Operation, nameMax)), orUnknown(clean(u.LeastScope, nameMax))}
		})
	}
	h.Blocks = append(h.Blocks, ownerBlock(d.Owner))
	first := max(0, len(d.Events)-blockRows)
	block(blockTimeline, "No event recorded.", len(d.Events), func(i int) []string {
		c := v.change(d.Events[first+i])
		return []string{c.When, c.Kind, c.Sentence()}
	})
	return h
}

func (v *view) gapCells(g *inventory.Gap) []string {
	r := v.rule(g.Rule, g.Code)
	evidence := ""
	for i, e := range g.Evidence {
		if i > 0 {
			evidence += "; "
		}
		evidence += e
	}
	return []string{g.Severity.String(), clean(g.Message, textMax), clean(r.Code+" "+r.Title, nameMax), clean(evidence, textMax), dated(g.FirstSeen, v.now), clean(r.Fix, textMax)}
}

func (v *view) credentialCells(c *inventory.Credential) []string {
	return []string{
		clean(c.Name, nameMax), kindWords(string(c.Kind)), orUnknown(clean(c.State, 40)), may(c), date(c.CreatedAt),
		dated(c.ExpiresAt, v.now), dated(c.LastUsedAt, v.now), orUnknown(short(c.Fingerprint)), clean(c.ID, nameMax),
	}
}

func ownerBlock(o *inventory.Owner) htmlBlock {
	b := htmlBlock{Kind: blockOwner, Note: ownerText(o)}
	if o == nil {
		return b
	}
	if o.Reason != "" {
		b.Note = clean(o.Reason, textMax)
	}
	for _, c := range o.Claims[:min(len(o.Claims), blockRows)] {
		b.Rows = append(b.Rows, []string{weight(c.Weight), clean(c.Candidate, nameMax), claimText(c)})
	}
	return b
}

func (v *view) plainDetails(s *islands) []htmlDetail {
	var out []htmlDetail
	for _, d := range v.details(s.pages[:min(len(s.pages), plainPages)]) {
		out = append(out, v.htmlDetail(&d))
	}
	return out
}
