package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"nhiscan/report"
)

func newShow(a *app) *cobra.Command {
	var db, instance string
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one identity or secret: places, uses, owner, gaps, timeline",
		Long: `show tells all that is known of one identity, credential or secret. ID is an ID from a report, the end of one,
a name, or eight or more digits of a fingerprint.`,
		Example: `  nhi-scan show access-token/4711
  nhi-scan show ci-release
  nhi-scan show 7f3c90d1`,
		Args: wants(1, 1, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, doc, err := a.open(cmd.Context(), db, instance, 0)
			if err != nil {
				return err
			}
			defer s.Close()
			width, _ := a.terminal(a.stdout)
			err = a.print(cmd.Context(), func(w io.Writer) error {
				return report.Show(w, doc, args[0], report.Options{Width: width, Color: a.colour(a.stdout)})
			})
			switch {
			case errors.Is(err, report.ErrNotFound):
				return usage(err, "nhi-scan report --format csv lists the IDs")
			case errors.Is(err, report.ErrAmbiguous):
				return usage(err, "give more of the ID")
			}
			return err
		},
	}
	addDB(cmd.Flags(), &db)
	cmd.Flags().StringVar(&instance, "instance", "", "`NAME` of the instance, where the database holds several")
	return cmd
}
