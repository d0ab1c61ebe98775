package scanner

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nhiscan/inventory"
)

// trust is a place in infrastructure code that lets ID tokens of this GitLab in: under which subject and audience.
type trust struct {
	Provider string `json:"p"` // aws, gcp, azure or vault; agentAccess
	Sub      string `json:"s"` // as written, several separated by a space; empty: no condition on it
	Aud      string `json:"a"` // as sub
	Line     int    `json:"l"` // 1-based
	// Issuer is the host whose tokens are trusted; empty where it stands elsewhere.
	Issuer string `json:"i,omitempty"`
}

const (
	maxTrusts     = 100     // of one content
	maxTrustFile  = 1 << 20 // bytes; infrastructure code is written by hand
	maxTrustLines = 80      // of one statement or resource
)

// trustForm is how one provider's trust is written: in its own language, Terraform or CloudFormation.
type trustForm struct {
	provider string
	begin    *regexp.Regexp // a line that stands in every such trust, once
	before   int            // lines before it that belong to it as well
	sub, aud *regexp.Regexp // lines of the two conditions; their values follow, up to the end of a list
}

// Sources: https://docs.gitlab.com/ci/cloud_services/aws/, …/google_cloud/, …/azure/ and
// https://docs.gitlab.com/ci/secrets/hashicorp_vault/
var trustForms = []trustForm{
	{"aws", regexp.MustCompile(`AssumeRoleWithWebIdentity`), 30,
		regexp.MustCompile(`["'][\w.:/-]+:sub["']`), regexp.MustCompile(`["'][\w.:/-]+:aud["']`)},
	{"gcp", regexp.MustCompile(`google_iam_workload_identity_pool_provider["']|workload-identity-pools providers create-oidc`), 0,
		regexp.MustCompile(`attribute_condition\s*=|--attribute-condition`), regexp.MustCompile(`allowed_audiences\s*=|--allowed-audiences`)},
	{"azure", regexp.MustCompile(`federated_identity_credential["']|federatedIdentityCredentials|federated-credential create`), 0,
		regexp.MustCompile(`["']?subject["']?\s*[=:]|--subject`), regexp.MustCompile(`["']?audiences?["']?\s*[=:]|--audiences`)},
	{"vault", regexp.MustCompile(`vault_jwt_auth_backend_role["']|vault write auth/[\w/-]+/role/`), 0,
		regexp.MustCompile(`\b(?:bound_subject|sub|project_path|project_id|namespace_path|namespace_id)\b["']?\s*[=:]`), regexp.MustCompile(`bound_audiences["']?\s*[=:]`)},
}

// maxTrustFiles bounds the files of a repository whose trusts are listed.
const maxTrustFiles = 1000

// trusts are those of a content, cleaned of what they may hold by mistake.
func (v *Visit) trusts(content []byte) []trust {
	found := append(trusts(content, v.issuer()), agentAccesses(content)...)
	for i := range found {
		found[i].Sub, found[i].Aud = v.printable(found[i].Sub, maxName), v.printable(found[i].Aud, maxName)
	}
	return found
}

// emitTrust emits who may come in with an ID token, as infrastructure code of this project says, or through a cluster
// agent, as its configuration does.
func (v *Visit) emitTrust(path string, ordinal int, t trust) {
	if t.Provider == agentAccess {
		v.emitAgentAccess(path, t)
		return
	}
	if own := v.issuer(); t.Issuer != "" && own != "" && t.Issuer != own {
		return // another GitLab, or no GitLab at all
	}
	shown, name := v.storedName(path, maxShownPath)
	v.Emit(inventory.Grant{
		ID:   inventory.GrantID(v.Self.Instance, "oidc-trust", v.Home.ID, name+"#"+strconv.Itoa(ordinal+1)),
		Kind: "oidc-trust", Subject: t.Sub, Home: v.Home.ID, Scope: t.Aud, Note: fmt.Sprintf("%s %s:%d", t.Provider, shown, t.Line),
	})
}

// issuer is the host by which this GitLab's ID tokens name it: the one of its own addresses, which need not be the one
// that the scan asks; empty where GitLab shows none.
func (v *Visit) issuer() string {
	u, err := url.Parse(v.Home.URL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// trusts lists the trusts in a text that name GitLab, or the host own of this one, in order. Conditions that are
// variables are kept as they stand: what they come to is not known here.
func trusts(content []byte, own string) []trust {
	if len(content) > maxTrustFile || !namesGitLab(strings.ToLower(string(content)), own) {
		return nil
	}
	var lines []string
	var out []trust
	for _, form := range trustForms {
		if !form.begin.Match(content) {
			continue
		}
		if lines == nil {
			lines = strings.Split(string(content), "\n")
		}
		out = append(out, form.read(lines, own)...)
	}
	slices.SortStableFunc(out, func(a, b trust) int { return a.Line - b.Line })
	return out[:min(len(out), maxTrusts)]
}

func namesGitLab(text, own string) bool {
	return strings.Contains(text, "gitlab") || own != "" && strings.Contains(text, own)
}

// issuers match where a trust says whose tokens it is for.
var issuers = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\bissuer(?:[_-]?uri)?["']?\s*[=:\s]\s*["']?https?://([\w-]+(?:\.[\w-]+)+)`),
	regexp.MustCompile(`["']([\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:/[\w./-]*)?:(?:sub|aud)["']`),
	regexp.MustCompile(`oidc-provider/([\w-]+(?:\.[\w-]+)+)`),
}

// issuerOf is the host that a trust names; empty where there is none, or several.
func issuerOf(text string) string {
	found := ""
	for _, form := range issuers {
		for _, m := range form.FindAllStringSubmatch(text, -1) {
			host := strings.ToLower(m[1])
			if found != "" && found != host {
				return ""
			}
			found = host
		}
	}
	return found
}

func (f trustForm) read(lines []string, own string) []trust {
	var begins []int
	for i, line := range lines {
		if f.begin.MatchString(line) && len(begins) < maxTrusts {
			begins = append(begins, i)
		}
	}
	var out []trust
	last := 0
	for n, at := range begins {
		end := min(len(lines), at+maxTrustLines)
		if n+1 < len(begins) {
			end = min(end, begins[n+1]-min(f.before, (begins[n+1]-at)/2))
		}
		part := lines[max(last, at-f.before):end]
		last = end
		text := strings.Join(part, "\n")
		if !namesGitLab(strings.ToLower(text), own) {
			continue
		}
		out = append(out, trust{Provider: f.provider, Line: at + 1, Sub: conditions(part, f.sub), Aud: conditions(part, f.aud), Issuer: issuerOf(text)})
	}
	return out
}

var (
	quotedText = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|'([^']*)'`)
	terraform  = regexp.MustCompile(`\b(?:var|local|data|module|each)\.[\w.\[\]"]+`)
)

// claimName matches a claim that a condition of its own is about.
var claimName = regexp.MustCompile(`^(?:project|namespace)_(?:path|id)\b`)

// conditions returns what stands behind the lines of a condition: the texts up to the end of its list, or the name of
// a variable.
func conditions(lines []string, condition *regexp.Regexp) string {
	var out []string
	for i, line := range lines {
		at := condition.FindStringIndex(line)
		if at == nil {
			continue
		}
		rest := line[at[1]:]
		if strings.Contains(line[:at[0]], "variable") || !strings.ContainsAny(rest, `"'[`) && !terraform.MatchString(rest) {
			// Terraform's condition block: the values are in the lines after.
			rest += "\n" + strings.Join(lines[i+1:min(len(lines), i+4)], "\n")
		}
		if open := strings.IndexByte(rest, '['); open >= 0 {
			list := rest + "\n" + strings.Join(lines[i+1:min(len(lines), i+20)], "\n")
			if end := strings.IndexByte(list[open:], ']'); end >= 0 {
				rest = list[open : open+end]
			}
		}
		texts := conditionTexts(rest)
		if claim := claimName.FindString(line[at[0]:at[1]]); claim != "" {
			for i := range texts {
				texts[i] = claim + ":" + texts[i] // as in a subject, so that what it is about can be told
			}
		}
		out = append(out, texts...)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

func conditionTexts(s string) []string {
	var out []string
	for _, m := range quotedText.FindAllStringSubmatch(s, -1) {
		if text := firstOf(m[1], m[2]); text != "" {
			out = append(out, strings.ReplaceAll(text, `\"`, `"`))
		}
	}
	if len(out) == 0 {
		out = terraform.FindAllString(s, -1)
	}
	return out
}
