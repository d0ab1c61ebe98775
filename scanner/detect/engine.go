// Package detect finds secrets in bytes: files, variables, headers, URLs, any text. It is pure: no file, network,
// clock or environment.
//
// Rules come from gitleaks' default catalogue or a user's rule file in the same format, both loaded by gitleaks'
// config package; the matching is this package's own and takes the decisions of gitleaks 8.30.1 without its decoding,
// path of the rule file, and allow comments. Beside the catalogue stand own detectors: those of detectors.yaml, GitLab
// tokens, and URLs.
//
// Matching is one pass over the bytes for the literals of all detectors (automaton), then, where a literal was found, a
// table of the detector's pattern that is built as texts need it (search, dfa). No pattern runs over a whole text but
// those of users that match nothing at all, and those that a hostile text makes too slow otherwise: these are left to
// regexp, in pieces, in linear time.
//
// One rule of the default catalogue, aws-access-token, lets the word EXAMPLE pass where it ends the value; all others
// report values that carry it. Its generic-api-key is left out: assignments are read by a parser instead.
package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/zricethezav/gitleaks/v8/config"
)

// matching names the decisions that this package takes; it is part of Version and changes whenever they do.
const matching = "nhi-scan/detect/6"

// Options say which rules an Engine has. The zero Options mean the default catalogue.
type Options struct {
	// RulesTOML is a rule file in gitleaks' format. It replaces the default catalogue, or adds to it with
	// [extend] useDefault. Empty means the default catalogue.
	RulesTOML []byte
	// TokenPrefixes are an instance's own beginnings of GitLab tokens, as its settings personal_access_token_prefix
	// and instance_token_prefix hold them ("acme-", "acme").
	TokenPrefixes []string
}

// Engine matches contents against a fixed set of rules. It keeps no state between calls and may be used from many
// goroutines. Make one per process: that compiles all rules.
type Engine struct {
	catalogue *catalogue // gitleaks' rules or a user's
	detectors *catalogue // own
	gitlab    gitlabTokens
	literals  literals
	automata  []*automaton // over literals
	foldable  literalSet
	tokens    []literalSet // one for each of gitlab's types
	urls      literalSet
	names     literalSet      // of what may call its value a secret
	users     map[string]bool // rules of a user's file that the default catalogue lacks or has otherwise
	passages  sync.Pool       // of *passage
	version   string
}

// customPrefix is what GitLab allows: at most 20 characters of a token's alphabet.
// Source: https://docs.gitlab.com/administration/settings/account_and_limit_settings/#personal-access-token-prefix
var customPrefix = regexp.MustCompile(`^[A-Za-z0-9_.@:/+=-]{1,20}$`)

// ValidPrefix reports whether GitLab would allow a text as the beginning of tokens.
func ValidPrefix(prefix string) bool { return customPrefix.MatchString(prefix) }

// New returns an engine. It fails when the rule file is not valid or a prefix is none that GitLab allows.
func New(o Options) (*Engine, error) {
	prefixes := slices.Compact(slices.Sorted(slices.Values(o.TokenPrefixes)))
	for _, p := range prefixes {
		if !ValidPrefix(p) {
			return nil, fmt.Errorf("token prefix %q: want 1 to 20 letters, digits or _.@:/+=-", p)
		}
	}
	own, err := loadDetectors(ownDetectors)
	if err != nil {
		return nil, err
	}
	return newEngine(o, prefixes, own)
}

// newEngine returns an engine with own detectors other than the embedded ones.
func newEngine(o Options, prefixes []string, own []detector) (*Engine, error) {
	var replaced map[string]bool
	if len(own) > 0 {
		replaced = replacedBy(own)
	}
	loaded, err := loadRules(o.RulesTOML, replaced)
	if err != nil {
		return nil, err
	}
	e := &Engine{gitlab: newGitlabTokens(prefixes)}
	if e.users, err = usersRules(o.RulesTOML, loaded); err != nil {
		return nil, err
	}
	memory := &dfaMemory{}
	if e.catalogue, err = newCatalogue(loaded, &e.literals, memory); err != nil {
		return nil, fmt.Errorf("rule file: %w", err)
	}
	if e.detectors, err = newOwnCatalogue(own, &e.literals, memory); err != nil {
		return nil, err
	}
	e.version = Version(o)
	e.foldable = e.literals.add(foldables...)
	for _, prefix := range e.gitlab.literals() {
		e.tokens = append(e.tokens, e.literals.add(prefix))
	}
	e.urls = e.literals.add(urlMark)
	e.names = e.literals.add(secretNames...)
	e.automata = newAutomata(e.literals.texts)
	e.catalogue.index(len(e.literals.texts))
	e.detectors.index(len(e.literals.texts))
	return e, nil
}

// usersRules are the rules of a user's file that are not the default catalogue's.
func usersRules(text []byte, loaded loadedRules) (map[string]bool, error) {
	if len(text) == 0 {
		return nil, nil
	}
	base, err := loadRules(nil, nil)
	if err != nil {
		return nil, err
	}
	users := map[string]bool{}
	for id := range loaded.Rules {
		if pattern, known := base.patterns[id]; !known || pattern != loaded.patterns[id] {
			users[id] = true
		}
	}
	return users, nil
}

// Version is a digest over the rules and the way they are matched: equal versions give equal findings for equal
// content and path class. Results are cached under it.
func (e *Engine) Version() string { return e.version }

// Version is what Engine.Version will be of an engine with these options, without compiling any rule.
func Version(o Options) string {
	return version(o.RulesTOML, slices.Compact(slices.Sorted(slices.Values(o.TokenPrefixes))))
}

func version(rules []byte, prefixes []string) string {
	if len(rules) == 0 {
		rules = []byte(config.DefaultConfig)
	}
	h := sha256.New()
	// The default catalogue is always hashed: a rule file may extend it. Examples in detectors.yaml change the digest
	// too, which costs one scan and no care.
	for _, part := range []string{matching, config.DefaultConfig, string(ownDetectors), string(rules), strings.Join(prefixes, "\n")} {
		fmt.Fprintf(h, "%d\n%s\n", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// PathClass names what a path does to matching: paths of one class give equal findings for equal content. There are
// few classes: "skip" (nothing is reported), else one per combination of path conditions that some rule has ("plain" for
// none), language, place and form of credential file.
func (e *Engine) PathClass(path string) string {
	class := e.catalogue.pathClass(path)
	if class == "skip" {
		return class
	}
	g := genreOf(path)
	for _, part := range []string{g.lang, g.place, formOf(path)} {
		if part != "" && part != "other" {
			class += " " + part
		}
	}
	return class
}
