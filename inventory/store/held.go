package store

import (
	"context"
	"encoding/json"

	"nhiscan/inventory"
)

// held is what a table of versions holds of one row while a scan runs: the version from before the scan, and the
// one that the scan wrote. Both are hashes; empty is none.
type held struct {
	past   string
	own    string
	closed bool // the scan closed past
}

// step is what brings a held row to another state.
type step struct{ reopen, close, drop, insert bool }

// to returns the step to the state in which the row has this hash, or is gone when it is empty. The outcome depends
// on the hash alone, never on what the scan thought before: that makes the order of its visits irrelevant.
func (h held) to(want string) step {
	if want != "" && want == h.past {
		return step{reopen: h.closed, drop: h.own != ""}
	}
	return step{
		close:  h.past != "" && !h.closed,
		drop:   h.own != "" && h.own != want,
		insert: want != "" && h.own != want,
	}
}

// put adds what the database said about one version.
func (h *held) put(scan, from int64, closed bool, hash string) {
	if from == scan {
		h.own = hash
		return
	}
	h.past, h.closed = hash, closed
}

// plan gathers steps of rows of one kind.
type plan struct {
	reopen, close, drop []string
	insert              []row
}

// add takes a row's step in; it reports whether there was anything to do.
func (p *plan) add(s step, r row) bool {
	if s.reopen {
		p.reopen = append(p.reopen, r.id)
	}
	if s.close {
		p.close = append(p.close, r.id)
	}
	if s.drop {
		p.drop = append(p.drop, r.id)
	}
	if s.insert {
		p.insert = append(p.insert, r)
	}
	return s != step{}
}

// statements carry out a plan on one table. $1 is a JSON object keyed by ID, $2 the scan, $3 the kind.
type statements struct {
	reopen, close, drop, insert string
}

// apply carries out p. more are the statements' arguments from $4 on.
func (p *plan) apply(ctx context.Context, q session, st statements, entry func(row) (string, any), scan int64, kind inventory.RowKind, more ...any) error {
	run := func(statement string) func(string) error {
		return func(object string) error {
			_, err := q.exec(ctx, statement, append([]any{object, scan, string(kind)}, more...)...)
			return err
		}
	}
	for _, part := range []struct {
		ids       []string
		statement string
	}{{p.reopen, st.reopen}, {p.close, st.close}, {p.drop, st.drop}} {
		if err := inBatches(part.ids, keyOnly, run(part.statement)); err != nil {
			return err
		}
	}
	return inBatches(p.insert, entry, run(st.insert))
}

// versionEntry is a row as the insert statements of versions and results read it.
func versionEntry(r row) (string, any) {
	return r.id, map[string]any{"home": r.home, "hash": r.hash, "key_id": r.keyID, "body": json.RawMessage(r.body)}
}

// plans are plans by kind, carried out in the order of inventory.RowKinds.
type plans map[inventory.RowKind]*plan

func (p plans) of(kind inventory.RowKind) *plan {
	if p[kind] == nil {
		p[kind] = &plan{}
	}
	return p[kind]
}
