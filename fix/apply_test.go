package fix

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// checkPatch applies a plan's patch with a reader of unified diffs that shares nothing with their writer.
func checkPatch(t *testing.T, p Pipeline, plan *Plan) {
	t.Helper()
	got, err := applyPatch(p.Text, plan.Patch)
	if err != nil {
		t.Errorf("%s: %v\n%s", p.Path, err, plan.Patch)
		return
	}
	if !bytes.Equal(got, plan.Patched) {
		t.Errorf("%s: the patch applied is not the patched file\n%s", p.Path, plan.Patch)
	}
}

// applyPatch applies a unified diff, and checks every line and number in it.
func applyPatch(text []byte, patch string) ([]byte, error) {
	lines := strings.SplitAfter(patch, "\n")
	if len(lines) < 3 || !strings.HasPrefix(lines[0], "--- ") || !strings.HasPrefix(lines[1], "+++ ") {
		return nil, fmt.Errorf("no head")
	}
	old := strings.SplitAfter(string(text), "\n")
	if old[len(old)-1] == "" {
		old = old[:len(old)-1]
	}
	var out strings.Builder
	at, written := 0, 0
	for i := 2; i < len(lines) && lines[i] != ""; {
		start, n, start2, n2, err := hunkHead(lines[i])
		if err != nil {
			return nil, err
		}
		if n == 0 {
			start++
		}
		for ; at < start-1; at++ {
			out.WriteString(old[at])
			written++
		}
		if n2 > 0 && start2 != written+1 {
			return nil, fmt.Errorf("hunk %q begins at line %d", lines[i], written+1)
		}
		for i++; n > 0 || n2 > 0 || i < len(lines) && strings.HasPrefix(lines[i], `\`); i++ {
			if i >= len(lines) {
				return nil, fmt.Errorf("the hunk is short")
			}
			body := lines[i][1:]
			if i+1 < len(lines) && strings.HasPrefix(lines[i+1], `\`) {
				body = strings.TrimSuffix(body, "\n")
			}
			switch lines[i][0] {
			case ' ', '-':
				if at >= len(old) || old[at] != body {
					return nil, fmt.Errorf("line %d is not %q", at+1, body)
				}
				at++
				n--
				if lines[i][0] == ' ' {
					out.WriteString(body)
					written++
					n2--
				}
			case '+':
				out.WriteString(body)
				written++
				n2--
			case '\\':
			default:
				return nil, fmt.Errorf("line %q", lines[i])
			}
		}
	}
	for ; at < len(old); at++ {
		out.WriteString(old[at])
	}
	return []byte(out.String()), nil
}

func hunkHead(line string) (start, n, start2, n2 int, err error) {
	fields := strings.Fields(line)
	if len(fields) != 4 || fields[0] != "@@" || fields[3] != "@@" {
		return 0, 0, 0, 0, fmt.Errorf("no hunk: %q", line)
	}
	pair := func(s string) (int, int) {
		a, b, _ := strings.Cut(s[1:], ",")
		x, errX := strconv.Atoi(a)
		y, errY := strconv.Atoi(b)
		if errX != nil || errY != nil {
			err = fmt.Errorf("no hunk: %q", line)
		}
		return x, y
	}
	start, n = pair(fields[1])
	start2, n2 = pair(fields[2])
	return start, n, start2, n2, err
}
