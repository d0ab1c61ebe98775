package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"

	"nhiscan/inventory"
	"nhiscan/rules"
	"nhiscan/scanner"
	"nhiscan/scanner/detect"
)

func newRules(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "rules [ID]",
		Short:   "List the gap rules, or explain one",
		Example: "  nhi-scan rules\n  nhi-scan rules credential-never-expires\n  nhi-scan rules EXP-001\n  nhi-scan rules --format json",
		Args:    wants(0, 1, ""),
		RunE: func(_ *cobra.Command, args []string) error {
			wanted := rules.All()
			if len(args) == 1 {
				wanted = slices.DeleteFunc(wanted, func(r rules.Rule) bool {
					return !strings.EqualFold(r.ID, args[0]) && !strings.EqualFold(r.Code, args[0])
				})
			}
			switch {
			case len(wanted) == 0:
				return usage(fmt.Errorf("no rule %q", inventory.Printable(args[0], 80)), "nhi-scan rules lists them")
			case len(args) == 1 && format == "table":
				return explainRule(a.stdout, wanted[0])
			}
			return a.printRules(format, wanted)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var ids []string
			for _, r := range rules.All() {
				ids = append(ids, r.ID+"\t"+r.Title)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "`FORMAT`: table or json")
	completes(cmd, "format", "table", "json")
	return cmd
}

func (a *app) printRules(format string, list []rules.Rule) error {
	type entry struct {
		ID       string             `json:"id"`
		Code     string             `json:"code"`
		Title    string             `json:"title"`
		Severity inventory.Severity `json:"severity"`
		Why      string             `json:"why"`
		Fix      string             `json:"fix"`
		Reads    []string           `json:"reads"`
		Refs     []string           `json:"refs"`
	}
	entries := []entry{}
	var rows [][]string
	for _, r := range list {
		entries = append(entries, entry{r.ID, r.Code, r.Title, r.Severity, r.Why, r.Fix, append([]string{}, r.Reads...), append([]string{}, r.Refs...)})
		rows = append(rows, []string{r.Code, r.ID, r.Severity.String(), r.Title})
	}
	return a.catalogue(format, map[string]any{"schema": "nhi-scan/rules/1", "rules": entries}, []string{"Code", "Rule", "Severity", "Title"}, rows)
}

func explainRule(w io.Writer, r rules.Rule) error {
	_, err := fmt.Fprintf(w, "%s  %s\n%s, %s\n\nWhy\n  %s\n\nFix\n  %s\n\nReads      %s\nSupports   %s\n",
		r.Code, r.ID, r.Title, r.Severity, r.Why, r.Fix, strings.Join(r.Reads, ", "), strings.Join(r.Refs, ", "))
	return err
}

func newSources(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "sources",
		Short:   "List what a scan reads, and what it needs for that",
		Example: "  nhi-scan sources\n  nhi-scan sources --format json",
		Args:    wants(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			type entry struct {
				ID    string   `json:"id"`
				Title string   `json:"title"`
				Shows string   `json:"shows"`
				Needs string   `json:"needs"`
				API   []string `json:"api"`
			}
			entries := []entry{}
			var rows [][]string
			for _, s := range scanner.Sources() {
				entries = append(entries, entry{s.ID, s.Title, s.Shows, s.Needs.Text(), append([]string{}, s.API...)})
				rows = append(rows, []string{s.ID, s.Title, s.Needs.Text()})
			}
			return a.catalogue(format, map[string]any{"schema": "nhi-scan/sources/1", "sources": entries}, []string{"Source", "Title", "Needs"}, rows)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "`FORMAT`: table or json")
	completes(cmd, "format", "table", "json")
	return cmd
}

func newDetectors(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "detectors",
		Short:   "List what detect, gate and scan look for",
		Example: "  nhi-scan detectors\n  nhi-scan detectors --format json",
		Args:    wants(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			all, err := detect.Detectors()
			if err != nil {
				return err
			}
			type entry struct {
				ID        string   `json:"id"`
				Title     string   `json:"title"`
				Kind      string   `json:"kind"`
				Reference string   `json:"reference"`
				Sure      string   `json:"sure"`
				Near      []string `json:"near"`
				Checksum  string   `json:"checksum"`
				Replaces  []string `json:"replaces"`
			}
			entries := []entry{}
			var rows [][]string
			for _, d := range all {
				entries = append(entries, entry{d.ID, d.Title, d.Kind, d.Reference, d.Sure, append([]string{}, d.Near...), d.Checksum, append([]string{}, d.Replaces...)})
				rows = append(rows, []string{d.ID, d.Kind, d.Title, d.Sure})
			}
			return a.catalogue(format, map[string]any{"schema": "nhi-scan/detectors/1", "detectors": entries}, []string{"Detector", "Kind", "Finds", "Form"}, rows)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "`FORMAT`: table or json")
	completes(cmd, "format", "table", "json")
	return cmd
}

// catalogue prints a list for people or for programs.
func (a *app) catalogue(format string, document any, header []string, rows [][]string) error {
	switch format {
	case "json":
		return printJSON(a.stdout, document)
	case "table":
		return printTable(a.stdout, header, rows)
	}
	return usage(fmt.Errorf("--format %q: want table or json", format), "")
}

func printJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document)
}

func printTable(w io.Writer, header []string, rows [][]string) error {
	b := &strings.Builder{} // the table pads its last column
	t := tablewriter.NewTable(b,
		tablewriter.WithRendition(tw.Rendition{Borders: tw.BorderNone, Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone}}),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAlignment(tw.AlignLeft), tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: "  ", Overwrite: true}))
	t.Header(header)
	if err := errors.Join(t.Bulk(rows), t.Render()); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
