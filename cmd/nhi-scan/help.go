package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"nhiscan/inventory"
)

// newHelp is the library's help command, but for a command that does not exist: that is wrong usage.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range root.Commands() {
				if len(args) == 0 && c.IsAvailableCommand() {
					names = append(names, c.Name()+"\t"+c.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usage(fmt.Errorf("%q is not a command", inventory.Printable(strings.Join(args, " "), 40)), "see nhi-scan --help")
			}
			return cmd.Help()
		},
	}
}

// completes names the values that a flag takes, for the shell's completion.
func completes(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
