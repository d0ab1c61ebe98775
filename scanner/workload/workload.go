// Package workload reads a resolved pipeline job: which credentials it uses, how it presents them, which systems it
// reaches and the smallest credential that would do. It is pure: it runs nothing, connects to nothing, and never
// keeps the value of a credential, only its name.
//
// What tools do is data: tools.yaml, hosts.yaml and least.yaml, each entry with its source.
package workload

import (
	"cmp"
	"slices"
	"strings"

	"nhiscan/scanner/ciyaml"
)

// Use is one use of credentials by a job on one system.
type Use struct {
	System      string   // class of the system: gitlab-registry, aws-s3, ssh, …; opaque-script where it cannot be told
	Operation   string   // what is done; for HTTP the method and the path, without query; parts joined by "; "
	Credentials []string // names of variables, or where a value comes from (ssm:, vault:, artifact:); sorted, unique
	Kind        Kind
	AuthStyle   string // how the credential is presented; forwarded: handed to a remote host
	Least       string // the smallest credential that would do; empty: not known
	Confidence  Confidence
	Evidence    Evidence // of the first place

	// Handed names those of Credentials that come from an earlier job, which stand there by the variable that the earlier
	// job had, as this job sees them: artifact: and the path of a file, or the variable of a dotenv report.
	Handed map[string]string
}

// Shown is Credentials as the job sees them, sorted and unique.
func (u Use) Shown() []string {
	out := make([]string, len(u.Credentials))
	for i, name := range u.Credentials {
		out[i] = cmp.Or(u.Handed[name], name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Evidence is where a use stands.
type Evidence struct {
	File string // as the configuration names it; empty is unknown
	Line int    // 1-based; 0 is unknown
}

// Kind says where a credential comes from.
type Kind string

// The kinds, as the JSON output has them.
const (
	Variable    Kind = "ci_variable"    // of project, group or instance: the YAML only names it
	Predefined  Kind = "predefined"     // GitLab makes it for the job
	IDToken     Kind = "id_token"       // OpenID Connect token of the job
	VaultSecret Kind = "vault_secret"   // the runner fetches it: keyword secrets
	Fetched     Kind = "fetched_secret" // the job reads it with another credential
	Implicit    Kind = "implicit"       // the tool reads it from the environment, the YAML does not name it
	Ambient     Kind = "ambient"        // identity of the runner or of the image
	Artifact    Kind = "artifact"       // a file of an earlier job
	Trigger     Kind = "trigger"        // who runs the pipeline
	Literal     Kind = "literal"        // it stands in the configuration
	None        Kind = "none"
	Unknown     Kind = "unknown"
)

// Confidence in a use.
type Confidence string

// The confidences, from sure to guessed.
const (
	High   Confidence = "high"   // tool, target and credential are seen
	Medium Confidence = "medium" // the target or the credential follows from the tool's defaults
	Low    Confidence = "low"    // a guess from names, or it cannot be told
)

func (c Confidence) rank() int {
	return slices.Index([]Confidence{Low, Medium, High}, c)
}

// AtLeast reports whether c is as sure as least. An unknown word is the least sure.
func (c Confidence) AtLeast(least Confidence) bool { return c.rank() >= least.rank() }

// Bounds of one reading.
const (
	maxScript   = 5 << 20 // bytes of script of a job that are read
	maxCalls    = 100_000 // statements and commands that are followed, as often as functions and loops repeat them
	maxDepth    = 12      // of functions, shells in shells and files
	maxVariants = 8       // values of matrix and rules variables that are tried
)

// Files gives a file of the repository by its path from the root; false when it is not at hand.
type Files func(path string) ([]byte, bool)

// Read returns the uses of credentials by a job, sorted by system, then by credentials. files may be nil. Texts in
// the result may hold what the configuration holds, control characters and hardcoded secrets included: clean them
// before they are stored or shown.
func (p *Pipeline) Read(job ciyaml.Job, files Files) []Use {
	if files == nil {
		files = func(string) ([]byte, bool) { return nil, false }
	}
	got := p.handed(job, files, 0)
	var uses []Use
	calls := maxCalls
	for i := range variants(job) {
		r := newReading(p.config, job, files, i)
		r.calls = calls / (i + 1)
		r.take(got)
		r.read()
		uses = append(uses, r.uses...)
	}
	uses = merge(uses)
	for i := range uses {
		uses[i].Handed = handedAs(uses[i].Credentials, got)
	}
	return uses
}

// variants is how often a job is read so that every value of its variables is seen, within maxVariants.
func variants(job ciyaml.Job) int {
	n := map[string]int{}
	most := len(job.Matrix)
	for _, v := range slices.Concat(job.Globals, job.Variables) {
		if v.Where != "matrix" {
			n[v.Name]++
			most = max(most, n[v.Name])
		}
	}
	return min(max(most, 1), maxVariants)
}

// merge makes one row of the uses of the same credentials on one system in the same manner.
func merge(uses []Use) []Use {
	key := func(u Use) string {
		style := ""
		if u.AuthStyle == forwarded {
			style = forwarded
		}
		return u.System + "\x00" + strings.Join(u.Credentials, ",") + "\x00" + string(u.Kind) + "\x00" + style
	}
	at := map[string]int{}
	var out []Use
	for _, u := range uses {
		slices.Sort(u.Credentials)
		u.Credentials = slices.Compact(u.Credentials)
		i, seen := at[key(u)]
		if !seen {
			at[key(u)] = len(out)
			out = append(out, u)
			continue
		}
		out[i] = joined(out[i], u)
	}
	out = gathered(exchanged(explained(out)))
	slices.SortStableFunc(out, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.System, b.System), slices.Compare(a.Credentials, b.Credentials), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Operation, b.Operation))
	})
	return out
}

// maxOperations is how many operations one row lists.
const maxOperations = 6

// joined is one row of two. What it says would be enough is enough for all that is done.
func joined(a, b Use) Use {
	ops := strings.Split(a.Operation, "; ")
	for op := range strings.SplitSeq(b.Operation, "; ") {
		switch {
		case slices.Contains(ops, op):
		case len(ops) < maxOperations:
			ops = append(ops, op)
		case power(op) > power(ops[maxOperations-1]):
			ops[maxOperations-1] = op
		}
	}
	a.Operation = strings.Join(ops, "; ")
	if b.Confidence.rank() > a.Confidence.rank() {
		a.Confidence = b.Confidence
	}
	a.Least = least(a)
	return a
}

// exchanged folds the exchange of a credential at STS into the uses of what it gave: how a job proves itself to a
// service of AWS is no second system.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
func exchanged(uses []Use) []Use {
	for i := 0; i < len(uses); i++ {
		if uses[i].System != "aws-sts" {
			continue
		}
		at := slices.IndexFunc(uses, func(u Use) bool {
			return strings.HasPrefix(u.System, "aws") && u.System != "aws-sts" && u.Kind == uses[i].Kind && slices.Equal(u.Credentials, uses[i].Credentials) && u.AuthStyle != forwarded
		})
		if at >= 0 {
			operation := uses[at].Operation
			uses[at].Operation = uses[i].Operation
			uses[at] = joined(uses[at], Use{Operation: operation})
			uses = slices.Delete(uses, i, i+1)
			i--
		}
	}
	return uses
}

// gathered makes one row of what a job hands over to one system in one manner, however many commands do it.
func gathered(uses []Use) []Use {
	var out []Use
	for _, u := range uses {
		at := -1
		if u.AuthStyle == forwarded && strings.Contains(u.Operation, "handed") || u.AuthStyle == "terraform-variable" {
			at = slices.IndexFunc(out, func(o Use) bool { return o.System == u.System && o.AuthStyle == u.AuthStyle && o.Kind == u.Kind })
		}
		if at < 0 {
			out = append(out, u)
			continue
		}
		out[at] = joined(out[at], u)
		out[at].Credentials = append(slices.Clone(out[at].Credentials), u.Credentials...)
		slices.Sort(out[at].Credentials)
		out[at].Credentials = slices.Compact(out[at].Credentials)
	}
	return out
}

// explained drops uses that another one explains: no credential was seen at one place, and at another of the same
// system and manner it was.
func explained(uses []Use) []Use {
	return slices.DeleteFunc(slices.Clone(uses), func(u Use) bool {
		if len(u.Credentials) > 0 && u.Kind != Implicit {
			return false
		}
		return slices.ContainsFunc(uses, func(o Use) bool {
			return o.System == u.System && o.AuthStyle != forwarded && len(o.Credentials) > 0 && o.Kind != Implicit && u.Kind != Unknown
		})
	})
}
