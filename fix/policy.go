package fix

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// policies are the texts that the other side of a recipe needs.
func (f *fixing) policies(r recipe) []Policy {
	switch r.family {
	case "aws":
		return []Policy{f.awsTrust(r)}
	case "gcp", "gcp-registry":
		return []Policy{f.gcpTrust()}
	case "azure", "azure-registry":
		return []Policy{f.azureTrust(r)}
	case "vault":
		return []Policy{f.vaultRole()}
	case "pypi":
		return []Policy{f.publisher("PyPI", "https://docs.pypi.org/trusted-publishers/adding-a-publisher/", "Top-level pipeline file path")}
	case "npm":
		return []Policy{f.publisher("npm", "https://docs.npmjs.com/trusted-publishers", "Top-level CI file path")}
	}
	return nil
}

// awsTrust is the trust policy of the role. A subject with a wildcard, as for tags, needs StringLike.
func (f *fixing) awsTrust(r recipe) Policy {
	type object = map[string]any
	condition := object{"StringEquals": object{f.target.Host + ":aud": r.audience, f.target.Host + ":sub": f.subject()}}
	if strings.Contains(f.subject(), "*") {
		condition = object{"StringEquals": object{f.target.Host + ":aud": r.audience}, "StringLike": object{f.target.Host + ":sub": f.subject()}}
	}
	text, err := json.MarshalIndent(object{
		"Version": "2012-10-17",
		"Statement": []object{{
			"Effect":    "Allow",
			"Principal": object{"Federated": "arn:aws:iam::ACCOUNT_ID:oidc-provider/" + f.target.Host},
			"Action":    "sts:AssumeRoleWithWebIdentity",
			"Condition": condition,
		}},
	}, "", "  ")
	if err != nil {
		return Policy{} // not reached: maps of text always encode
	}
	return Policy{
		Title:  "Trust policy of the IAM role, with an OIDC provider for https://" + f.target.Host + " and the audience " + r.audience,
		Format: "json", Text: string(text) + "\n", Source: "https://docs.gitlab.com/ci/cloud_services/aws/",
	}
}

func (f *fixing) gcpTrust() Policy {
	condition := fmt.Sprintf("assertion.project_path=='%s' && assertion.ref_type=='branch' && assertion.ref=='%s'", f.target.Project, f.target.Branch)
	if f.tagsOnly() {
		condition = fmt.Sprintf("assertion.project_path=='%s' && assertion.ref_type=='tag' && assertion.ref_protected=='true'", f.target.Project)
	}
	text := fmt.Sprintf(`gcloud iam workload-identity-pools create gitlab --location=global
gcloud iam workload-identity-pools providers create-oidc gitlab --location=global --workload-identity-pool=gitlab \
  --issuer-uri="https://%s" \
  --attribute-mapping="google.subject=assertion.sub,attribute.project_path=assertion.project_path" \
  --attribute-condition="%s"
gcloud iam service-accounts add-iam-policy-binding NAME@PROJECT.iam.gserviceaccount.com --role=roles/iam.workloadIdentityUser \
  --member="%s"
`, f.target.Host, condition, f.gcpMember())
	return Policy{Title: "Workload identity pool, its provider, and who may act as the service account", Format: "shell", Text: text, Source: "https://docs.gitlab.com/ci/cloud_services/google_cloud/"}
}

// gcpMember is the one subject; of tags, whose subjects differ, all that the provider's condition lets in.
func (f *fixing) gcpMember() string {
	pool := "iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/gitlab/"
	if f.tagsOnly() {
		return "principalSet://" + pool + "attribute.project_path/" + f.target.Project
	}
	return "principal://" + pool + "subject/" + f.subject()
}

// azureTrust is a federated credential. Azure compares subjects whole: it has no wildcards here.
func (f *fixing) azureTrust(r recipe) Policy {
	subject := f.subject()
	if f.tagsOnly() {
		subject = strings.TrimSuffix(subject, "*") + "TAG"
	}
	text, err := json.MarshalIndent(map[string]any{
		"name": "gitlab", "issuer": "https://" + f.target.Host, "subject": subject, "audiences": []string{r.audience},
	}, "", "  ")
	if err != nil {
		return Policy{} // not reached: maps of text always encode
	}
	title := "Federated credential: az ad app federated-credential create --id APP_ID --parameters FILE"
	if f.tagsOnly() {
		title += " (one for each tag: Azure knows no wildcard in a subject; give the jobs a protected branch instead)"
	}
	return Policy{Title: title, Format: "json", Text: string(text) + "\n", Source: "https://docs.gitlab.com/ci/cloud_services/azure/"}
}

func (f *fixing) vaultRole() Policy {
	claims := map[string]any{"project_path": f.target.Project, "ref_type": "branch", "ref": f.target.Branch, "ref_protected": "true"}
	if f.tagsOnly() {
		claims = map[string]any{"project_path": f.target.Project, "ref_type": "tag", "ref_protected": "true"}
	}
	text, err := json.MarshalIndent(map[string]any{
		"role_type": "jwt", "user_claim": "sub", "bound_audiences": []string{"ADDRESS_OF_VAULT"}, "bound_claims": claims,
		"token_policies": []string{"POLICY_WITH_THE_ONE_PATH"}, "token_explicit_max_ttl": 300,
	}, "", "  ")
	if err != nil {
		return Policy{} // not reached: maps of text always encode
	}
	return Policy{
		Title:  "Role of the JWT method (jwks_url https://" + f.target.Host + "/oauth/discovery/keys, bound_issuer https://" + f.target.Host + "): vault write auth/jwt/role/ROLE @FILE",
		Format: "json", Text: string(text) + "\n", Source: "https://docs.gitlab.com/ci/secrets/hashicorp_vault/",
	}
}

// publisher is the form of a trusted publisher.
func (f *fixing) publisher(where, source, file string) Policy {
	namespace, project := path.Split(f.target.Project)
	environment := "(none)"
	for _, u := range f.uses {
		if e := u.job.Environment.Name; e != "" && !strings.Contains(e, "$") {
			environment = clean(e)
		}
	}
	text := fmt.Sprintf("Namespace:        %s\nProject name:     %s\n%s: %s\nEnvironment name: %s\n",
		strings.TrimSuffix(namespace, "/"), project, file, clean(f.pipeline.Path), environment)
	note := "; for the instance gitlab.com only"
	return Policy{Title: "Trusted publisher on " + where + note, Format: "text", Text: text, Source: source}
}
