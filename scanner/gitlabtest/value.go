package gitlabtest

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// valued is a credential of the world whose value New makes.
type valued struct {
	label string
	value *string
	owner any // what holds it: *AccessToken, *DeployToken, *Runner, …
	make  valueMaker
	id    int64
	table string
}

// prefixes are the instance's settings that stand in front of tokens.
type prefixes struct {
	personal string // personal_access_token_prefix, default glpat-
	instance string // instance_token_prefix with its hyphen, or empty
}

func prefixesOf(settings map[string]any) prefixes {
	p := prefixes{personal: "glpat-"}
	if s, ok := settings["personal_access_token_prefix"].(string); ok && s != "" {
		p.personal = s
	}
	if s, ok := settings["instance_token_prefix"].(string); ok && s != "" {
		p.instance = strings.TrimSuffix(s, "-") + "-"
	}
	return p
}

func base36(n int64) string { return strconv.FormatInt(n, 36) }

// eachValued lists every credential with a value, in a fixed order. IDs and links must be there.
func eachValued(w *World) []valued {
	var all []valued
	add := func(table string, id int64, label string, value *string, owner any, f valueMaker) {
		all = append(all, valued{label: label, value: value, owner: owner, make: f, id: id, table: table})
	}
	for _, t := range allAccessTokens(w) {
		add("access_tokens", t.ID, t.Label, &t.Value, t, t.makeValue)
	}
	for _, r := range w.Runners {
		add("runners", r.ID, r.Label, &r.Value, r, r.makeValue)
	}
	for _, rc := range w.RunnerControllers {
		for _, t := range rc.Tokens {
			add("runner_controller_tokens", t.ID, t.Label, &t.Value, t, controllerTokenValue())
		}
	}
	for _, a := range w.Applications {
		add("applications", a.ID, a.Label, &a.Value, a, applicationValue())
	}
	for _, g := range w.Groups {
		for _, t := range g.DeployTokens {
			add("deploy_tokens", t.ID, t.Label, &t.Value, t, deployTokenValue())
		}
	}
	for _, p := range w.Projects {
		for _, t := range p.DeployTokens {
			add("deploy_tokens", t.ID, t.Label, &t.Value, t, deployTokenValue())
		}
		for _, t := range p.Triggers {
			add("triggers", t.ID, t.Label, &t.Value, t, triggerValue())
		}
		for _, a := range p.Agents {
			for _, t := range a.Tokens {
				add("agent_tokens", t.ID, t.Label, &t.Value, t, agentTokenValue())
			}
		}
		for _, k := range p.ErrorTrackingKeys {
			add("error_tracking_keys", k.ID, k.Label, &k.Value, k, errorTrackingValue())
		}
		for _, a := range p.AlertIntegrations {
			add("alert_integrations", a.ID, a.Label, &a.Value, a, plainValue("", lowerHex, 32))
		}
		for _, l := range p.Pipelines {
			for _, j := range l.Jobs {
				if j.Status == "running" {
					add("jobs", j.ID, j.Label, &j.Value, j, plainValue("glcbt-64_", urlSafe, 20))
				}
			}
		}
	}
	return all
}

// valueMaker makes the value of one credential.
type valueMaker func(*entropy, prefixes) string

// plainValue is a head behind the instance's prefix, and n characters.
func plainValue(head, alphabet string, n int) valueMaker {
	return func(e *entropy, p prefixes) string { return p.instance + head + e.pick(alphabet, n) }
}

func controllerTokenValue() valueMaker { return plainValue("glrct-", urlSafe, 40) }
func applicationValue() valueMaker     { return plainValue("gloas-", lowerHex, 64) }
func deployTokenValue() valueMaker     { return plainValue("gldt-", urlSafe, 20) }
func triggerValue() valueMaker         { return plainValue("glptt-", lowerHex, 40) }
func agentTokenValue() valueMaker      { return plainValue("glagent-", urlSafe, 50) }
func errorTrackingValue() valueMaker   { return plainValue("glet_", lowerHex, 32) }

// issue makes the value of a fresh credential and registers its owner, who is found by it from then on.
func (st *state) issue(table string, id int64, owner any, f valueMaker) string {
	value := f(newEntropy(st.seed, "value\x00"+table+"\x00"+strconv.FormatInt(id, 10)), prefixesOf(st.w.Settings))
	st.owners[value] = owner
	return value
}

// reissue replaces a value, as a reset does; the old one is dead at once.
func (st *state) reissue(value *string, f valueMaker) {
	fresh := f(newEntropy(st.seed, "reset\x00"+*value), prefixesOf(st.w.Settings))
	st.newValue(*value, fresh)
	*value = fresh
}

func (t *AccessToken) makeValue(e *entropy, p prefixes) string {
	if t.Classic {
		return p.personal + e.pick(urlSafe, 20)
	}
	return e.routable(p.personal, map[string]string{"u": base36(t.user.ID)})
}

func (r *Runner) makeValue(e *entropy, p prefixes) string {
	head := "glrt-"
	if r.CreationMethod == "registration_token" {
		head = "glrtr-"
	}
	kind := map[string]string{"instance_type": "1", "group_type": "2", "project_type": "3"}[r.Type]
	return e.routable(p.instance+head, map[string]string{"t": kind})
}

// makeValues fills every credential and returns the values by label and the owners by value.
func makeValues(w *World, seed string) (labels map[string]string, owners map[string]any) {
	labels, owners = map[string]string{}, map[string]any{}
	p := prefixesOf(w.Settings)
	for _, v := range eachValued(w) {
		*v.value = v.make(newEntropy(seed, "value\x00"+v.table+"\x00"+strconv.FormatInt(v.id, 10)), p)
		owners[*v.value] = v.owner
		if v.label != "" {
			labels[v.label] = *v.value
		}
	}
	registration := func(value *string, where string) {
		if *value == "" {
			*value = "GR1348941" + newEntropy(seed, "registration\x00"+where).pick(urlSafe, 20)
		}
	}
	registration(&w.RegistrationToken, "")
	for _, g := range w.Groups {
		registration(&g.RegistrationToken, g.Path)
	}
	for _, pr := range w.Projects {
		registration(&pr.RegistrationToken, pr.Path)
	}
	for _, a := range w.Applications {
		a.ClientID = newEntropy(seed, "client\x00"+strconv.FormatInt(a.ID, 10)).pick(lowerHex, 64)
	}
	return labels, owners
}

// placeholder is {{secret "kind" "name"}} or {{token "label"}}.
func placeholder() *regexp.Regexp {
	return regexp.MustCompile(`\{\{\s*(secret|token)\s+"([^"]+)"(?:\s+"([^"]+)")?\s*\}\}`)
}

// expand replaces the placeholders in all texts of a world and returns the secrets it planted, by "kind/name".
func expand(w *World, seed string, labels map[string]string) map[string]Planted {
	planted := map[string]Planted{}
	pattern := placeholder()
	rewrite(reflect.ValueOf(w), func(text string) string {
		if !strings.Contains(text, "{{") {
			return text
		}
		return pattern.ReplaceAllStringFunc(text, func(match string) string {
			m := pattern.FindStringSubmatch(match)
			if m[1] == "token" {
				return labels[m[2]]
			}
			value, ok := makeSecret(seed, m[2], m[3])
			if !ok {
				return match
			}
			p := Planted{Kind: m[2], Name: m[3], Value: value}
			planted[p.String()] = p
			return value
		})
	})
	return planted
}

// checkPlaceholders reports placeholders that name no kind or no credential.
func checkPlaceholders(w *World) []error {
	kinds := map[string]bool{}
	for _, k := range secretKinds() {
		kinds[k.name] = true
	}
	labels := map[string]bool{}
	for _, v := range eachValued(w) {
		labels[v.label] = true
	}
	var errs []error
	pattern := placeholder()
	texts(reflect.ValueOf(w), func(text string) {
		if !strings.Contains(text, "{{") {
			return
		}
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			switch {
			case m[1] == "token" && !labels[m[2]]:
				errs = append(errs, fmt.Errorf("placeholder %s: no credential has this label", m[0]))
			case m[1] == "secret" && !kinds[m[2]]:
				errs = append(errs, fmt.Errorf("placeholder %s: no such kind of secret", m[0]))
			case m[1] == "secret" && m[3] == "":
				errs = append(errs, fmt.Errorf("placeholder %s: a secret needs a kind and a name", m[0]))
			}
		}
	})
	return errs
}
