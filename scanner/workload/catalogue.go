package workload

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"
)

// Tool is one entry of the catalogue: a program, and what its calls tell about credentials. The entry's examples are
// its tests.
type Tool struct {
	Name        string   `yaml:"tool"`
	Title       string   `yaml:"title"`
	Reference   string   `yaml:"reference"`
	Commands    []string `yaml:"commands"`    // names of the program, lower case
	Images      []string `yaml:"images"`      // parts of names of images that run it
	Environment []string `yaml:"environment"` // variables from which it takes its credential when none is named: the default
	Also        []string `yaml:"also"`        // variables from which it takes credentials too
	Hints       string   `yaml:"hints"`       // names of variables that are credentials of this system (regular expression)
	Files       []string `yaml:"files"`       // files from which it takes credentials; a folder ends with /
	Options     []string `yaml:"options"`     // options whose value is a credential, whatever its name
	Style       string   `yaml:"style"`       // auth_style of the default
	Cloud       bool     `yaml:"cloud"`       // Terraform has a provider for it
	Ambient     bool     `yaml:"ambient"`     // a runner may have an identity there
	Payload     bool     `yaml:"payload"`     // credentials among its words are handed over, not used
	Strict      bool     `yaml:"strict"`      // credentials among its words, but in Options, are another tool's
	Words       string   `yaml:"words"`       // words in a job's text that tell of this cloud (regular expression)
	Calls       []Call   `yaml:"calls"`
	Examples    []Sample `yaml:"examples"`

	hints, words *regexp.Regexp
}

// Call is one kind of call of a tool. The first that matches counts; a call that none matches uses no credential.
type Call struct {
	Match     string `yaml:"match"`     // regular expression over the words, joined by space
	System    string `yaml:"system"`    // class of the system; empty: no use
	Operation string `yaml:"operation"` // what is done; empty: the command and what Match matched
	Needs     string `yaml:"needs"`     // seen: a use only where a credential is seen
	Keeps     string `yaml:"keeps"`     // file or folder into which it writes the credential
	Fetches   string `yaml:"fetches"`   // prefix of the names of the secrets that it prints
	From      string `yaml:"from"`      // regular expression over the words whose group is the name of the secret
	Derives   bool   `yaml:"derives"`   // it writes --output-file from --credential-source-file
	Passes    bool   `yaml:"passes"`    // it prints a credential made from the one it uses
	Login     string `yaml:"login"`     // class of the registry that it logs in to
	Stdin     bool   `yaml:"stdin"`     // the credential flows in
	Cluster   bool   `yaml:"cluster"`   // it starts a cluster inside the job
	Quiet     bool   `yaml:"quiet"`     // it only writes what other calls use: no use of its own
	Opaque    bool   `yaml:"opaque"`    // a file of the repository says what it uses: without a credential it cannot be told
	Named     bool   `yaml:"named"`     // credentials among its words are used, though the tool's are handed over

	match, from *regexp.Regexp
}

// Sample is an example of a Tool: a script, and the uses that it makes as "system credentials kind".
type Sample struct {
	Script string   `yaml:"script"`
	Uses   []string `yaml:"uses"`
}

//go:embed tools.yaml
var toolsYAML []byte

// catalogue is the tools, indexed.
type catalogue struct {
	list      []*Tool
	byCommand map[string][]*Tool
}

// tools reads the catalogue once. It is data of this package, so a fault in it is a fault of the program.
var tools = sync.OnceValue(func() *catalogue {
	c, err := readTools(toolsYAML)
	if err != nil {
		panic(err)
	}
	return c
})

// Tools returns the catalogue in the order of its file, for documentation.
func Tools() []Tool {
	var out []Tool
	for _, t := range tools().list {
		out = append(out, *t)
	}
	return out
}

func readTools(text []byte) (*catalogue, error) {
	c := &catalogue{byCommand: map[string][]*Tool{}}
	if err := yaml.Load(text, &c.list, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("catalogue of tools: %w", err)
	}
	for _, t := range c.list {
		if err := t.compile(); err != nil {
			return nil, fmt.Errorf("catalogue of tools: %s: %w", t.Name, err)
		}
		for _, name := range t.Commands {
			c.byCommand[name] = append(c.byCommand[name], t)
		}
	}
	return c, nil
}

func (t *Tool) compile() (err error) {
	expression := func(text string) *regexp.Regexp {
		if text == "" || err != nil {
			return nil
		}
		var re *regexp.Regexp
		re, err = regexp.Compile(text)
		return re
	}
	t.hints, t.words = expression(t.Hints), expression(t.Words)
	for i := range t.Calls {
		if t.Calls[i].match, err = regexp.Compile(t.Calls[i].Match); err != nil {
			return err
		}
		t.Calls[i].from = expression(t.Calls[i].From)
	}
	return err
}

// system is the tool's main one: that of its last call.
func (t *Tool) system() string { return t.Calls[len(t.Calls)-1].System }

// byImage returns the command that an image is made to run; empty where it tells none.
func (c *catalogue) byImage(image string) string {
	name := strings.ToLower(strings.SplitN(image, "@", 2)[0])
	for _, t := range c.list {
		for _, part := range t.Images {
			if strings.Contains(name, part) && len(t.Commands) > 0 {
				return t.Commands[0]
			}
		}
	}
	return ""
}

func (c *catalogue) clouds() []*Tool {
	return slices.DeleteFunc(slices.Clone(c.list), func(t *Tool) bool { return !t.Cloud })
}

//go:embed hosts.yaml
var hostsYAML []byte

// hostList says which system a host name or the name of a variable belongs to.
type hostList struct {
	Hosts []hostEntry `yaml:"hosts"`
	Names []hostEntry `yaml:"names"`
}

type hostEntry struct {
	System string `yaml:"system"`
	Match  string `yaml:"match"`
	Hook   bool   `yaml:"hook"` // the address is the credential

	match *regexp.Regexp
}

var hosts = sync.OnceValue(func() *hostList {
	h := &hostList{}
	if err := yaml.Load(hostsYAML, h, yaml.WithKnownFields()); err != nil {
		panic(fmt.Errorf("catalogue of hosts: %w", err))
	}
	for _, list := range [][]hostEntry{h.Hosts, h.Names} {
		for i := range list {
			list[i].match = regexp.MustCompile(list[i].Match)
		}
	}
	return h
})

func (h *hostList) system(address string) string {
	for _, e := range h.Hosts {
		if e.match.MatchString(address) {
			return e.System
		}
	}
	return ""
}

// hook reports whether an address is itself the credential, as those of incoming webhooks are.
func (h *hostList) hook(address string) bool {
	return slices.ContainsFunc(h.Hosts, func(e hostEntry) bool { return e.Hook && e.match.MatchString(address) })
}

// systemOfNames guesses a system from the names of credentials; empty where they tell none.
func systemOfNames(names []string) string {
	for _, n := range names {
		if !isSecret(n) {
			continue
		}
		name := plain(n)
		if strings.Contains(name, ":") { // where a manager keeps a secret says less than what the secret is called
			name = name[strings.LastIndexByte(name, '/')+1:]
		}
		upper := strings.ToUpper(name)
		for _, e := range hosts().Names {
			if e.match.MatchString(upper) {
				return e.System
			}
		}
	}
	return ""
}
