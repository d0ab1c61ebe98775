package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nhiscan/inventory/store"
)

func newPrune(a *app) *cobra.Command {
	var db, instance, keep string
	cmd := &cobra.Command{
		Use:   "prune --keep DAYS",
		Short: "Delete history that is older than a time, and record that",
		Long: `prune deletes the versions of rows, the events and the scans that ended before the time to keep. It is the only
thing that deletes anything; what exists at the oldest scan that stays is kept. The deletion itself is recorded.`,
		Example: "  nhi-scan prune --keep 400d",
		Args:    wants(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.prune(cmd.Context(), db, instance, keep) },
	}
	addDB(cmd.Flags(), &db)
	cmd.Flags().StringVar(&instance, "instance", "", "`NAME` of the instance, where the database holds several")
	cmd.Flags().StringVar(&keep, "keep", "", "how many `DAYS` of history to keep: 400d")
	return cmd
}

func (a *app) prune(ctx context.Context, dsn, instance, keep string) error {
	days, err := strconv.Atoi(strings.TrimSuffix(keep, "d"))
	if err != nil || days < 1 {
		return usage(fmt.Errorf("--keep %q: want a number of days, such as 400d", keep), "")
	}
	if err := exists(dsn); err != nil {
		return err
	}
	db, err := store.Open(ctx, dsn, store.Options{Clock: a.now})
	if err != nil {
		return cannotRun(err, "")
	}
	defer db.Close()
	scan, err := db.Latest(ctx, instance)
	if errors.Is(err, store.ErrManyInstances) {
		return usage(err, "name one with --instance")
	} else if err != nil {
		return cannotRun(err, "")
	}
	p, err := db.Prune(ctx, scan.Instance, a.now().Add(-time.Duration(days)*24*time.Hour))
	if err != nil {
		return cannotRun(fmt.Errorf("prune: %w", err), "")
	}
	a.say("%s", prunedText(p, days))
	return nil
}

// prunedText says what was deleted.
func prunedText(p store.Pruned, days int) string {
	rows := p.Versions + p.Sightings + p.Volatile + p.Coverage + p.Results + p.Content
	if p.Scans+rows+p.Events == 0 {
		return fmt.Sprintf("nothing to delete: no scan ended more than %s ago", howMany(int64(days), "day"))
	}
	return fmt.Sprintf("deleted %s with %s and %s; the history begins with scan %d",
		howMany(p.Scans, "scan"), howMany(rows, "row"), howMany(p.Events, "event"), p.Kept)
}

func howMany(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
