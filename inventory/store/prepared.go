package store

import (
	"context"
	"database/sql"
)

// prepared are the compiled statements of write transactions, by their text. A scan runs the same few for every visit,
// and compiling them again each time took a fifth of its processor time. Only the holder of Store.writing uses it.
type prepared map[string]*sql.Stmt

// writing runs statements in a transaction, compiled where they ran before. Those that did not are noted: a statement
// is prepared between transactions, since preparing it takes a connection, and the transaction may hold the only one.
type writing struct {
	tx    *sql.Tx
	known prepared
	fresh map[string]bool
}

// ExecContext implements session.on.
func (w writing) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s, ok := w.known[query]; ok {
		return w.tx.StmtContext(ctx, s).ExecContext(ctx, args...)
	}
	w.fresh[query] = true
	return w.tx.ExecContext(ctx, query, args...)
}

// QueryContext implements session.on.
func (w writing) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s, ok := w.known[query]; ok {
		return w.tx.StmtContext(ctx, s).QueryContext(ctx, args...)
	}
	w.fresh[query] = true
	return w.tx.QueryContext(ctx, query, args...)
}

// prepare compiles statements for the transactions to come. One that cannot be is run as text for ever, and says why.
func (s *Store) prepare(ctx context.Context, fresh map[string]bool) {
	for query := range fresh {
		if stmt, err := s.db.PrepareContext(ctx, query); err == nil {
			s.prepared[query] = stmt
		}
	}
}

// forget gives the compiled statements back.
func (s *Store) forget() {
	s.writing.Lock()
	defer s.writing.Unlock()
	for query, stmt := range s.prepared {
		_ = stmt.Close() // the connection ends it too
		delete(s.prepared, query)
	}
}
