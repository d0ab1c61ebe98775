package workload

import (
	"strings"
	"testing"

	"nhiscan/scanner/ciyaml"
)

// A script may nest as deep as it is long: the parser's stack must not overflow, which would end the program.
func TestNestingIsBounded(t *testing.T) {
	for _, open := range []string{"(", "$(", "{ ", "`", "! ", "a|", "a&&", "if ", "$((", "[[ ! ", "${a:-", "( ')' ; (", "~", "time ", "case a in a) ", "x=\"$("} {
		for _, size := range []int{maxShell, 512 << 10} {
			text := strings.Repeat(open, size/len(open))
			if open == "~" {
				text = "echo $((" + text + "1))"
			}
			job := ciyaml.Job{Name: "a", Script: []ciyaml.Command{{Text: text, Where: "script"}}}
			Of(&ciyaml.Config{Jobs: []ciyaml.Job{job}}).Read(job, nil)
			Leaks(job, func(string) bool { return true })
		}
	}
}
