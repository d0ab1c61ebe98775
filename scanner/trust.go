package scanner

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nhiscan/inventory"
)

// trust is a place in infrastructure code that lets ID tokens of this GitLab in: under which subject and audience.
type trust struct {
	Provider string `json:"p"` // aws, gcp, azure or vault
	Sub      string `json:"s"` // as written, several separated by a space; empty: no condition on it
	Aud      string `json:"a"` // as sub
	Line     int    `json:"l"` // 1-based
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
	found := trusts(content)
	for i := range found {
		found[i].Sub, found[i].Aud = v.printable(found[i].Sub, maxName), v.printable(found[i].Aud, maxName)
	}
	return found
}

// emitTrust emits who may come in with an ID token, as infrastructure code of this project says.
func (v *Visit) emitTrust(path string, ordinal int, t trust) {
	shown, name := v.storedName(path, maxShownPath)
	v.Emit(inventory.Grant{
		ID:   inventory.GrantID(v.Self.Instance, "oidc-trust", v.Home.ID, name+"#"+strconv.Itoa(ordinal+1)),
		Kind: "oidc-trust", Subject: t.Sub, Home: v.Home.ID, Scope: t.Aud, Note: fmt.Sprintf("%s %s:%d", t.Provider, shown, t.Line),
	})
}

// trusts lists the trusts in a text that name GitLab, in order. Conditions that are variables are kept as they stand:
// what they come to is not known here.
func trusts(content []byte) []trust {
	if len(content) > maxTrustFile || !bytes.Contains(bytes.ToLower(content), []byte("gitlab")) {
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
		out = append(out, form.read(lines)...)
	}
	slices.SortStableFunc(out, func(a, b trust) int { return a.Line - b.Line })
	return out[:min(len(out), maxTrusts)]
}

func (f trustForm) read(lines []string) []trust {
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
		if !strings.Contains(strings.ToLower(strings.Join(part, "\n")), "gitlab") {
			continue
		}
		out = append(out, trust{Provider: f.provider, Line: at + 1, Sub: conditions(part, f.sub), Aud: conditions(part, f.aud)})
	}
	return out
}

var (
	quotedText = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|'([^']*)'`)
	terraform  = regexp.MustCompile(`\b(?:var|local|data|module|each)\.[\w.\[\]"]+`)
)

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
		out = append(out, conditionTexts(rest)...)
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
