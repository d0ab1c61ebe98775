package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"nhiscan/inventory"
)

// app is the program's surroundings, so that a test can stand in for all of them.
type app struct {
	args           []string
	stdin          io.Reader // nil where there is none
	stdout, stderr io.Writer
	env            []string // NAME=value, as os.Environ gives it
	now            func() time.Time

	configFile string
	quiet      bool
	verbose    bool
	logger     *slog.Logger // of verbose; made at first use
	config     *config      // read once the command is known
}

// run executes one command and returns the exit status.
func run(ctx context.Context, a *app) int {
	root := newRoot(a)
	root.SetArgs(a.args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	return a.report(ctx, err)
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "nhi-scan",
		Short: "Know every non-human identity of a GitLab estate",
		Long: `nhi-scan keeps the inventory of the non-human identities of a GitLab instance: each token, key, variable,
runner, trigger and pipeline, who owns it, what it may do, when it expires and where its secret lies.

Exit status: 0 done and clean; 1 gaps at or above the threshold; 2 wrong usage or configuration;
3 could not run; 4 ran, but saw less than asked.`,
		Example: `  nhi-scan demo
  NHI_SCAN_TOKEN=… nhi-scan scan --gitlab https://gitlab.example.com
  nhi-scan report --format html --out report.html`,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.configure(cmd) },
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "see nhi-scan --help"
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean nhi-scan " + near[0] + "?"
			}
			return usage(fmt.Errorf("%q is not a command", inventory.Printable(args[0], 40)), hint)
		},
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(err, "see "+cmd.CommandPath()+" --help") })
	f := root.PersistentFlags()
	f.StringVar(&a.configFile, "config", "", "configuration `FILE` (YAML); also NHI_SCAN_CONFIG")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no summary, only errors")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log every request: method, path without query, status, duration")
	root.AddCommand(
		newDemo(a), newScan(a), newReport(a), newShow(a),
		newDetect(a), newGate(a), newWorkloads(a), newFix(a),
		newRules(a), newSources(a), newDetectors(a),
		newPrune(a), newVersion(a), newDocs(a),
	)
	root.SetHelpCommand(newHelp(root))
	if width, ok := a.terminal(a.stdout); ok {
		fitHelp(root, width)
	}
	return root
}

// exit is an error that decides the exit status.
type exit struct {
	code int
	err  error
	hint string
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// The exit statuses, as DESIGN.md section 4 has them.
const (
	exitGaps       = 1
	exitUsage      = 2
	exitCannotRun  = 3
	exitIncomplete = 4
)

func usage(err error, hint string) error     { return &exit{exitUsage, err, hint} }
func cannotRun(err error, hint string) error { return &exit{exitCannotRun, err, hint} }

// errInterrupted is what a command that was told to stop ends with.
var errInterrupted = errors.New("interrupted")

// report prints an error as one line, with its hint last, and returns the exit status.
func (a *app) report(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	e := &exit{code: exitCannotRun, err: err}
	if found := (*exit)(nil); errors.As(err, &found) {
		e = found
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		e = &exit{code: exitCannotRun, err: errInterrupted}
	}
	if e.err != nil {
		fmt.Fprintf(a.stderr, "nhi-scan: error: %s\n", inventory.Printable(oneLine(e.Error()), 2000))
	}
	if e.hint != "" {
		fmt.Fprintf(a.stderr, "nhi-scan: hint: %s\n", e.hint)
	}
	return e.code
}

// oneLine puts what an error tells on several lines behind each other, each thing once: joined errors, and those of
// libraries that break lines.
func oneLine(text string) string {
	var parts []string
	for p := range strings.SplitSeq(text, "\n") {
		if p = strings.TrimSpace(p); p != "" && !slices.Contains(parts, p) {
			parts = append(parts, p)
		}
	}
	return strings.ReplaceAll(strings.Join(parts, "; "), ":; ", ": ")
}

// wants is the arguments of a command: at least min of them and at most max.
func wants(min, max int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		hint := "see " + cmd.CommandPath() + " --help"
		switch {
		case len(args) > max:
			return usage(fmt.Errorf("%q is one argument too many", inventory.Printable(args[max], 40)), hint)
		case len(args) < min:
			return usage(fmt.Errorf("%s is missing", what), hint)
		}
		return nil
	}
}

// getenv returns an environment variable, empty when it is not set.
func (a *app) getenv(name string) string {
	for _, kv := range a.env {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v
		}
	}
	return ""
}

// terminal reports whether w is one, and its width in columns; 80 where it does not tell.
func (a *app) terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) || a.getenv("TERM") == "dumb" {
		return 80, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	return width, true
}

// colour reports whether text for w may carry colour.
func (a *app) colour(w io.Writer) bool {
	_, ok := a.terminal(w)
	return ok && a.getenv("NO_COLOR") == ""
}

func (a *app) log() *slog.Logger {
	if !a.verbose {
		return slog.New(slog.DiscardHandler)
	}
	if a.logger == nil { // one for all: its handler keeps lines of several goroutines apart
		a.logger = slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return a.logger
}

// say prints a line for people to stderr, unless quiet.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}
