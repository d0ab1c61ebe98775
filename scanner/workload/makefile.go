package workload

import (
	"regexp"
	"slices"
	"strings"
)

var (
	makeVariable = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_]\w*)\s*(?:\?=|:=|::=|=)\s*(.*)$`)
	makeRule     = regexp.MustCompile(`^([^\s:#=][^:=#]*):([^=].*)?$`)
	makeRef      = regexp.MustCompile(`\$\((\w+)\)`)
)

// makefile reads the recipes of targets and of what they need, and reports whether the Makefile is at hand.
// Source: https://www.gnu.org/software/make/manual/, the part that recipes and plain variables need.
func (r *reading) makefile(c *call, targets []value) bool {
	name := "Makefile"
	if f, ok := option(c.args, "-f", "--file"); ok {
		name = f.text
	}
	if d, ok := option(c.args, "-C", "--directory"); ok {
		name = strings.TrimSuffix(d.text, "/") + "/" + name
	}
	text, ok := r.open(cleanPath(name))
	if !ok || r.inside || r.remote != "" {
		return false
	}
	rules := r.makeRules(string(text))
	done := map[string]bool{}
	var follow func(target string, depth int)
	follow = func(target string, depth int) {
		rule, ok := rules[target]
		if !ok || done[target] || depth > maxDepth {
			return
		}
		done[target] = true
		for _, need := range rule.needs {
			follow(need, depth+1)
		}
		r.inFile(cleanPath(name), func() {
			r.at.Line, r.multi, r.origin = rule.line, false, rule.line
			for _, line := range rule.recipe {
				r.script(strings.TrimLeft(line, "@-+"))
			}
		})
	}
	for _, t := range targets {
		follow(t.text, 0)
	}
	return true
}

type recipe struct {
	needs, recipe []string
	line          int
}

func (r *reading) makeRules(text string) map[string]recipe {
	rules := map[string]recipe{}
	var current []string
	text = strings.ReplaceAll(text, "\\\n", " ")
	for i, line := range strings.Split(text, "\n") {
		line = makeRef.ReplaceAllString(line, "${$1}")
		if body, ok := strings.CutPrefix(line, "\t"); ok {
			for _, target := range current {
				rule := rules[target]
				rule.recipe = append(rule.recipe, strings.ReplaceAll(strings.TrimSpace(body), "$$", "$"))
				rules[target] = rule
			}
			continue
		}
		if m := makeVariable.FindStringSubmatch(line); m != nil {
			if _, set := r.env[m[1]]; !set {
				r.env[m[1]] = expandText(m[2], r.look)
			}
			continue
		}
		if m := makeRule.FindStringSubmatch(line); m != nil {
			current = strings.Fields(m[1])
			for _, target := range current {
				rules[target] = recipe{needs: strings.Fields(m[2]), line: i + 1}
			}
		}
	}
	return rules
}

var (
	imageTarget = regexp.MustCompile(`(?i)docker|image|container|buildx|push|publish`)
	imageRef    = regexp.MustCompile(`^(?:[\w.-]+\.[a-z]{2,}(:\d+)?|\$\{CI_REGISTRY(_IMAGE)?\})(/|$)`)
)

// makeGuess reads a target that is not at hand: one that pushes images by its name or words, to a registry that its
// variables name.
func (r *reading) makeGuess(c *call, targets []value) {
	all := unmark(join(c.args, " ").text)
	push := strings.Contains(all, "--push") || regexp.MustCompile(`(?i)push|publish|buildx.*ci`).MatchString(join(targets, " ").text) || strings.Contains(r.env["PUSH_ON_BUILD"].text, "true")
	if !push || !imageTarget.MatchString(all) {
		return
	}
	var refs []value
	for _, a := range c.args {
		if _, v, ok := strings.Cut(a.text, "="); ok {
			refs = append(refs, value{v, a.names})
		}
	}
	for _, v := range c.env {
		refs = append(refs, v)
	}
	slices.SortFunc(refs, func(a, b value) int { return strings.Compare(a.text, b.text) })
	for _, ref := range refs {
		if imageRef.MatchString(ref.text) && !strings.Contains(ref.text, "://") {
			r.pushed(ref, "make "+join(targets, " ").text)
			return
		}
	}
}
